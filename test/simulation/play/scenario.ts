import { Random } from '../time/random.ts'

/** What may go wrong in a history. */
export const faultKinds = [
  'plane killed',
  'plane stopped',
  'plane paused',
  'plane frozen',
  'agent killed',
  'agent stopped',
  'agent paused',
  'machine without power',
  'server killed',
  'server hung',
  'server sick',
  'machine cut off',
  'site cut off',
  'planes cut off',
  'database cut off',
  'consul cut off',
  'loss',
  'delay',
  'database killed',
  'database slow',
  'database full',
  'consul killed',
  'consul paused',
  'consul failing',
  'consul garbage',
  'consul slow',
  'consul emptied',
  'clock set',
  'foreign records',
  'drain',
  'freeze',
  'withdrawn',
] as const
export type FaultKind = (typeof faultKinds)[number] | 'rack cut off'

/**
 * What may go wrong beside a rack that is cut off. Its machines are held because they were lost together; one whose agent was down before, or
 * whose plane sleeps, is not lost together with the others, and what nobody else reaches is rightly taken for dead.
 */
const besideRacks: ReadonlySet<FaultKind> = new Set([
  'server hung',
  'server sick',
  'consul cut off',
  'consul killed',
  'consul paused',
  'consul failing',
  'consul garbage',
  'consul slow',
  'consul emptied',
  'foreign records',
  'drain',
  'freeze',
])

/** What a history is made of, all of it from its seed. Times in milliseconds. */
export type Scenario = {
  readonly seed: number
  readonly planes: number
  readonly sites: readonly { readonly name: string; readonly machines: number }[]
  readonly serversOnMachine: number
  readonly datacenters: number
  readonly faults: readonly FaultKind[]
  /** From one fault to the next, on average. */
  readonly everyMs: number
  readonly warmMs: number
  readonly troubledMs: number
  /** In which all must have come to rest. */
  readonly quietMs: number
  readonly steadyMs: number
}

const shareOfKinds = 0.2
const shareOfRacks = 0.1

/** What a seed stands for: each history has only some kinds of faults, so that each kind is also seen without the others. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed * 7 + 3)
  const names = ['tencent', 'alibaba'].slice(0, random.whole(1, 2))
  const faults = faultKinds.filter(() => random.chance(shareOfKinds))
  const drawn: Scenario = {
    seed,
    planes: random.whole(1, 3),
    sites: names.map((name) => ({ name, machines: random.whole(1, 3) })),
    serversOnMachine: random.whole(1, 2),
    datacenters: random.chance(0.2) ? 2 : 1,
    faults,
    everyMs: random.between(1_500, 8_000),
    warmMs: 12_000,
    troubledMs: random.between(10_000, 40_000),
    quietMs: 150_000,
    steadyMs: 11_000,
  }
  return random.chance(shareOfRacks) ? withRacks(drawn) : drawn
}

/** Somebody of a site is left when the others of it are cut off: it is heard, and finds them silent. */
function withRacks(drawn: Scenario): Scenario {
  const [site, ...others] = drawn.sites
  const sites = site ? [{ ...site, machines: 3 }, ...others] : others
  return { ...drawn, sites, faults: [...drawn.faults.filter((kind) => besideRacks.has(kind)), 'rack cut off'] }
}
