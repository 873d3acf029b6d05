import t from 'tap'
import { readEnrollArguments } from './arguments.ts'

t.test('a plane and a file are enough', async (t) => {
  t.strictSame(readEnrollArguments(['https://plane.example:8888/', '--token-file', 'token']), {
    kind: 'asked',
    request: {
      plane: 'https://plane.example:8888',
      tokenFile: 'token',
      config: '/etc/heddle/agent.yaml',
      wait: false,
    },
  })
})

for (const { args, why } of [
  { args: [], why: /address of one plane/ },
  { args: ['https://a', 'https://b', '--token-file', 'x'], why: /address of one plane/ },
  { args: ['https://a'], why: /--token-file/ },
  { args: ['http://a', '--token-file', 'x'], why: /https:/ },
  { args: ['a:8888', '--token-file', 'x'], why: /https:/ },
  { args: ['https://a/v1', '--token-file', 'x'], why: /https:/ },
  { args: ['https://a', '--token', 'x'], why: /--token/ },
  { args: ['https://a', '--token-file', 'hdl1.aaaa.secret.pin'], why: /every user of the machine reads arguments/ },
]) {
  t.test(`"${args.join(' ')}" is refused with what is wrong`, async (t) => {
    const read = readEnrollArguments(args)
    t.match(read, { kind: 'wrong', why })
    t.notMatch(JSON.stringify(read), /secret/)
  })
}
