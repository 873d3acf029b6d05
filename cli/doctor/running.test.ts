import t from 'tap'
import { kindOf } from './running.ts'

for (const { args, kind } of [
  { args: ['node', '/usr/lib/heddle-plane/plane/heddle-plane.mjs', '/etc/heddle/control-plane.yaml'], kind: 'plane' },
  { args: ['/usr/bin/node', '--x', '/opt/heddle/agent/main.ts', 'agent.yaml'], kind: 'agent' },
  { args: ['node', '/opt/heddle/control-plane/main.ts', '--check', 'plane.yaml'], kind: undefined },
  { args: ['heddle', 'doctor', '/opt/heddle/agent/main.ts'], kind: undefined },
  { args: ['vi', '/etc/heddle/agent.yaml'], kind: undefined },
  { args: [], kind: undefined },
]) {
  t.test(`${args.join(' ') || 'nothing'} is ${kind ?? 'none of ours'}`, async (t) => t.equal(kindOf(args), kind))
}
