import t from 'tap'
import type { Hello } from '#shared/protocol/messages.ts'
import { HelloTexts } from './hello-texts.ts'
import { parseMessage } from './parse-message.ts'

const hello: Hello = {
  type: 'hello',
  node: 'n-aaaaaaaaaaaa',
  machine: 'm',
  incarnation: 1,
  version: '0.1.0',
  name: 'a',
  site: 's',
  address: '10.0.0.1',
}

function counted(most?: number) {
  const texts = new HelloTexts(most)
  let parsed = 0
  const read = (text: string) =>
    texts.read(text, (said) => {
      parsed += 1
      return parseMessage(said)
    })
  return { read, parsed: () => parsed }
}

t.test('an agent that says the same again is read once', async (t) => {
  const { read, parsed } = counted()
  const text = JSON.stringify(hello)
  const first = read(text)
  t.strictSame(first, parseMessage(text))
  t.strictSame(read(text), first)
  t.equal(parsed(), 1)
  t.match(read(JSON.stringify({ ...hello, incarnation: 2 })), { message: { incarnation: 2 } })
})

t.test('what is no hello, is wrong, very long or has a credential is read each time', async (t) => {
  const { read, parsed } = counted()
  const texts = [
    JSON.stringify({ type: 'beat' }),
    JSON.stringify({ ...hello, node: 'x' }),
    JSON.stringify({ ...hello, more: 'x'.repeat(3_000) }),
    JSON.stringify({ ...hello, credential: 'secret' }),
  ]
  for (const text of [...texts, ...texts]) read(text)
  t.equal(parsed(), texts.length * 2)
})

t.test('a bounded number is kept', async (t) => {
  const { read, parsed } = counted(2)
  const texts = [1, 2, 3].map((incarnation) => JSON.stringify({ ...hello, incarnation }))
  for (const text of texts) read(text)
  read(texts[2] ?? '')
  t.equal(parsed(), 3)
  read(texts[0] ?? '')
  t.equal(parsed(), 4)
})
