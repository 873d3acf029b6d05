import t from 'tap'
import { readArguments } from './arguments.ts'

for (const { args, command } of [
  { args: ['plane.yaml'], command: { kind: 'run', file: 'plane.yaml' } },
  { args: ['run', 'plane.yaml'], command: { kind: 'run', file: 'plane.yaml' } },
  { args: ['--check', 'plane.yaml'], command: { kind: 'check', file: 'plane.yaml' } },
  { args: ['plane.yaml', '--check'], command: { kind: 'check', file: 'plane.yaml' } },
  { args: ['--check', 'run'], command: { kind: 'check', file: 'run' } },
  { args: ['--', '-odd.yaml'], command: { kind: 'run', file: '-odd.yaml' } },
  { args: ['-h'], command: { kind: 'help' } },
  { args: ['plane.yaml', '--help'], command: { kind: 'help' } },
  { args: ['--version'], command: { kind: 'version' } },
  { args: [], command: { kind: 'wrong', message: 'No configuration file is named.' } },
  { args: ['run'], command: { kind: 'wrong', message: 'No configuration file is named.' } },
  { args: ['a', 'b'], command: { kind: 'wrong', message: 'One configuration file, not 2.' } },
  { args: ['--nothing'], command: { kind: 'wrong', message: /^Unknown option '--nothing'\.?$/ } },
]) {
  t.test(`"${args.join(' ')}" asks to ${command.kind}`, async (t) => {
    t.match(readArguments(args), command)
  })
}

t.test('a command of the program has its own arguments', async (t) => {
  const commands = ['look']
  t.strictSame(readArguments(['look', '--help', 'x'], commands), {
    kind: 'command',
    name: 'look',
    args: ['--help', 'x'],
  })
  t.match(readArguments(['run', 'look'], commands), { kind: 'run', file: 'look' })
  t.match(readArguments(['look']), { kind: 'run', file: 'look' })
  t.match(readArguments(['lok', 'x.yaml'], commands), { kind: 'wrong', message: 'There is no command "lok".' })
  t.match(readArguments(['a.yaml', 'x.yaml'], commands), { kind: 'wrong', message: /^One configuration file, not 2/ })
})
