import t from 'tap'
import { withHelp } from './with-help.ts'

t.test('a command that is asked for help says what there is, and does nothing', async (t) => {
  const ran: (readonly string[])[] = []
  const said: string[] = []
  const run = async (args: readonly string[]) => {
    ran.push(args)
    return 7
  }
  const { backup } = withHelp('usage', { backup: run }, (text) => said.push(text))
  t.equal(await backup?.(['--help']), 0)
  t.equal(await backup?.(['plane.yaml', '-h']), 0)
  t.strictSame({ ran, said }, { ran: [], said: ['usage', 'usage'] })
  t.equal(await backup?.(['plane.yaml', 'x.backup']), 7)
  t.strictSame({ ran, said: said.length }, { ran: [['plane.yaml', 'x.backup']], said: 2 })
})
