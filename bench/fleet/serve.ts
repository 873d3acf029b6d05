import { parseArgs } from 'node:util'
import { serveCommands } from '../worker/commands.ts'
import { SimulatedFleet } from './fleet.ts'
import { readShares } from './life.ts'
import { issueMemberships } from './memberships.ts'

// A fleet in a process of its own; it does what it is told on standard input.

type Command =
  | { readonly do: 'come' | 'herd'; readonly withinMs: number }
  | { readonly do: 'come-back' | 'leave' | 'ready' }
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
    authority: { type: 'string' },
    'authority-key': { type: 'string' },
    installation: { type: 'string' },
  },
})
const agents = Number(values.agents ?? 100)
const first = Number(values.first ?? 0)
const sites = (values.sites ?? 'tencent,alibaba').split(',')
const { authority, 'authority-key': key_file = '', installation = '' } = values
const wanted = authority !== undefined && { certificate_file: authority, key_file }
const memberships = wanted
  ? await issueMemberships({ authority: wanted, installation, first, agents, sites })
  : undefined
await using fleet = new SimulatedFleet({
  url: values.url ?? '',
  first,
  shape: {
    agents,
    perAgent: Number(values['per-agent'] ?? 1),
    services: Number(values.services ?? 100),
    sites,
  },
  shares: readShares(values.lives ?? ''),
  seed: Number(values.seed ?? 1),
  metrics: values['no-metrics'] !== true,
  memberships,
})
const say = (there: number) => process.stderr.write(`${there} of ${values.agents} agents are in\n`)
await serveCommands((command: Command) => {
  switch (command.do) {
    // It is asked once all of its certificates are issued.
    case 'ready':
      return { agents }
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
