import { isLoopback } from '../record.ts'
import { databaseOf, isHttp } from './databases.ts'
import type { Facts, Settings } from './facts.ts'

/** One thing that may be wrong with a record. */
export type Rule = {
  readonly name: string
  /** What is wrong with it, or undefined. Pure. */
  readonly why: (facts: Facts, settings: Settings) => string | undefined
  readonly remedy: string
}

/** Every rule, in the order in which the findings of one record are told. docs/guides/add-a-lint-rule.md says how to add one. */
export const rules: readonly Rule[] = [
  {
    name: 'phantom',
    why: ({ unreached, address, record: { port } }) => {
      if (unreached === undefined) return undefined
      const how = { refused: 'refuses connections', timeout: 'does not answer', unreachable: 'cannot be reached' }
      return `nothing listens: ${address}:${port} ${how[unreached]}, tried from the control plane`
    },
    remedy:
      'Deregister it where it was registered, or start what should listen there; if only the control plane cannot get there, ignore this.',
  },
  {
    name: 'no-check',
    why: ({ checks }) =>
      checks.length === 0 ? 'it has no check, so Consul shows it as passing whatever happens' : undefined,
    remedy: 'Register it with a check, or let an agent of Heddle look after it.',
  },
  {
    name: 'comma-joined-tag',
    why: ({ record: { tags } }) => {
      const [only] = tags
      return tags.length === 1 && only?.includes(',')
        ? `its only tag is "${only}": nobody finds it by the words in it`
        : undefined
    },
    remedy: 'Register the tags as a list of words.',
  },
  {
    name: 'http-check-on-database',
    why: ({ record, checks }) => {
      const database = databaseOf(record)
      const check = checks.find(isHttp)
      return database && check ? `${check.id} asks over HTTP what is ${database}` : undefined
    },
    remedy: 'Check it by TCP or by its own protocol.',
  },
  {
    name: 'loopback-address',
    why: ({ record: { address, nodeAddress } }) => {
      const shown = address === '' ? nodeAddress : address
      return isLoopback(shown) ? `it is registered at ${shown}, which leads every caller to its own machine` : undefined
    },
    remedy: 'Register the address by which other machines reach it.',
  },
  {
    name: 'stale-port',
    why: ({ record: { port, meta } }) => {
      const [key, value] =
        Object.entries(meta).find(([key, value]) => isPortKey(key) && isPort(value) && Number(value) !== port) ?? []
      return key === undefined ? undefined : `its metadata says ${key} ${value}, but it is registered at port ${port}`
    },
    remedy: 'Correct the metadata, or leave the port out of it.',
  },
  {
    name: 'critical-for-long',
    why: ({ criticalMs }, { criticalForMs }) =>
      criticalMs > criticalForMs ? `it has been critical for ${roughly(criticalMs)}` : undefined,
    remedy: 'Mend it or deregister it: Consul removes what was registered through its catalogue at no time.',
  },
  {
    name: 'shared-id',
    why: ({ record: { id }, namesakes }) =>
      namesakes.length === 0 ? undefined : `the id ${id} stands on ${namesakes.join(', ')} as well`,
    remedy: 'Give each copy an id of its own, or one that takes the place of another deregisters it.',
  },
]

function isPortKey(key: string): boolean {
  return /^(service[_-]?)?port$/i.test(key)
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0
}

const units = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const

function roughly(ms: number): string {
  for (const [unit, size] of units) if (ms >= 2 * size) return `${Math.floor(ms / size)} ${unit}`
  return `${Math.floor(ms / 1000)} seconds`
}
