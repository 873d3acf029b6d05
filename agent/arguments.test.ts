import t from 'tap'
import { readArguments } from './arguments.ts'

for (const { args, command } of [
  { args: ['a.yaml'], command: { kind: 'run', file: 'a.yaml' } },
  { args: ['run', 'a.yaml'], command: { kind: 'run', file: 'a.yaml' } },
  { args: ['--check', 'a.yaml'], command: { kind: 'check', file: 'a.yaml' } },
  { args: ['a.yaml', '--check'], command: { kind: 'check', file: 'a.yaml' } },
  { args: ['--help'], command: { kind: 'help' } },
  { args: ['-h', 'a.yaml'], command: { kind: 'help' } },
  { args: ['--version'], command: { kind: 'version' } },
  { args: [], command: { kind: 'wrong' } },
  { args: ['run'], command: { kind: 'wrong' } },
  { args: ['a.yaml', 'b.yaml'], command: { kind: 'wrong' } },
  { args: ['--nonsense'], command: { kind: 'wrong' } },
]) {
  t.test(`"${args.join(' ')}" asks to ${command.kind}`, async (t) => t.match(readArguments(args), command))
}
