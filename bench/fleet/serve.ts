import { parseArgs } from 'node:util'
import { serveCommands } from '../worker/commands.ts'
import { SimulatedFleet } from './fleet.ts'
import { readShares } from './life.ts'

// A fleet in a process of its own; it does what it is told on standard input.

type Command =
  | { readonly do: 'come' | 'herd'; readonly withinMs: number }
  | { readonly do: 'come-back' | 'leave' }
  | { readonly do: 'change'; readonly perSecond: number; readonly seconds: number }
  | { readonly do: 'live'; readonly seconds: number }

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    agents: { type: 'string' },
    first: { type: 'string' },
    'per-agent': { type: 'string' },
    services: { type: 'string' },
    sites: { type: 'string' },
    lives: { type: 'string' },
    seed: { type: 'string' },
    'no-metrics': { type: 'boolean' },
  },
})
await using fleet = new SimulatedFleet({
  url: values.url ?? '',
  first: Number(values.first ?? 0),
  shape: {
    agents: Number(values.agents ?? 100),
    perAgent: Number(values['per-agent'] ?? 1),
    services: Number(values.services ?? 100),
    sites: (values.sites ?? 'tencent,alibaba').split(','),
  },
  shares: readShares(values.lives ?? ''),
  seed: Number(values.seed ?? 1),
  metrics: values['no-metrics'] !== true,
})
const say = (there: number) => process.stderr.write(`${there} of ${values.agents} agents are in\n`)
await serveCommands((command: Command) => {
  switch (command.do) {
    case 'come':
      return fleet.come(command.withinMs, say)
    case 'herd':
      return fleet.herd(command.withinMs, say)
    case 'come-back':
      return fleet.comeBack(say)
    case 'leave':
      return fleet.leave()
    case 'change':
      return fleet.change(command.perSecond, command.seconds)
    case 'live':
      return fleet.live(command.seconds)
  }
})
process.exit(0)
