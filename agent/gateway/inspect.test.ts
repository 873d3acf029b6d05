import t from 'tap'
import { inspectGateway } from './inspect.ts'

const files = (texts: Readonly<Record<string, string>>) => new Map(Object.entries(texts))

t.test('a folder that is not as it should be is told file by file, and what is served apart from it', async (t) => {
  const wanted = { 'heddle-a.conf': 'a', 'heddle-b.conf': 'b', 'heddle-proof.conf': 'p' }
  const proxy = (present: Readonly<Record<string, string>>, serves: boolean) => ({
    read: async () => files(present),
    expected: () => files(wanted),
    isServed: async () => serves,
  })
  t.strictSame(await inspectGateway(proxy(wanted, true), new Map()), { differences: [], serves: true })
  t.strictSame(
    await inspectGateway(proxy({ 'heddle-a.conf': 'x', 'heddle-b.conf': 'b', 'heddle-c.conf': '' }, false), new Map()),
    {
      differences: [
        { kind: 'changed', path: 'heddle-a.conf' },
        { kind: 'missing', path: 'heddle-proof.conf' },
        { kind: 'added', path: 'heddle-c.conf' },
      ],
      serves: false,
    },
  )
})
