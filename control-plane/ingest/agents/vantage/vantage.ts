import type { InstanceSpec, ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import type { Death } from '../../../fleet/belief.ts'
import { isOnlyLocal } from '../../local-address.ts'
import type { Machines } from '../contact/machine.ts'

/** A place that probes: `plane`, or the id of a node. */
export type Vantage = { readonly id: string; readonly machine: string; readonly site: string }

export const planeId = 'plane'

/**
 * What a probe from outside says about whether an instance lives. other: something answered, or went wrong, that says neither.
 */
export type Finding = 'passed' | 'refused' | 'no-answer' | 'other'

export type Answer = { readonly vantage: Vantage; readonly finding: Finding }

export function findingOf({ health, reason }: Verdict): Finding {
  if (health === 'passing' || health === 'warning') return 'passed'
  if (reason.code === 'refused') return 'refused'
  // A host that is gone from its own network is "unreachable" as soon as its neighbours notice.
  if (reason.code === 'timeout' || reason.code === 'unreachable') return 'no-answer'
  return 'other'
}

/** The check that decides whether an instance lives, if it can be run from elsewhere. */
export function remoteCheck(spec: InstanceSpec): ProbeSpec | undefined {
  const [check] = spec.checks
  return check && !isOnlyLocal(check.address) ? check : undefined
}

/** What is known of the place of an instance that may be dead. */
export type Home = {
  readonly machine: string
  readonly site: string
  /** While it was asked, routing of its site was held, or others of it may have been cut off, too, and only not be missed yet. */
  readonly shaky: boolean
  /** A hold ended and left it at the lowest priority. */
  readonly demoted: boolean
}

/**
 * Whether what the vantages found confirms a death, and how.
 * @param answers of vantages that saw this instance pass lately
 * @param waiting vantages that have not answered yet
 */
export function judgeDeath(
  answers: readonly Answer[],
  waiting: number,
  home: Home,
  machines: Machines,
): Omit<Death, 'at'> | undefined {
  const refused = answers.filter(({ finding }) => finding === 'refused')
  // One agent's word is not enough: a firewall may refuse.
  if (refused.some(({ vantage }) => vantage.id === planeId) || distinctMachines(refused, home) >= 2) {
    return { how: 'refused', vantages: names(refused) }
  }
  const silent = answers.length > 0 && answers.every(({ finding }) => finding === 'refused' || finding === 'no-answer')
  if (waiting > 0 || !silent || home.shaky || home.demoted) return undefined
  return canTell(answers, home, machines) ? { how: 'timeout', vantages: names(answers) } : undefined
}

/** Whether silence can be told from a broken network: by a neighbour that is in contact, or, where there is none, by another site's view. */
function canTell(answers: readonly Answer[], { machine, site }: Home, machines: Machines): boolean {
  const neighbours = [...machines.values()].filter((other) => other.site === site && other.id !== machine)
  if (neighbours.some(({ lostAt, overdue }) => lostAt === undefined && !overdue)) return true
  const alone = neighbours.every(({ lostAt }) => lostAt !== undefined)
  return alone && answers.some(({ vantage }) => vantage.id !== planeId && vantage.site !== site)
}

function distinctMachines(answers: readonly Answer[], home: Home): number {
  return new Set(answers.map(({ vantage }) => vantage.machine).filter((machine) => machine !== home.machine)).size
}

function names(answers: readonly Answer[]): readonly string[] {
  return answers.map(({ vantage }) => vantage.id).sort()
}

/** Nodes in contact that may be asked, by site; no two of one machine need be asked. */
export type Candidates = ReadonlyMap<string, readonly Vantage[]>

/**
 * Agents that shall look at an instance: on other machines, one a machine, of its own site first. Which ones depends on the
 * instance only, so that the work is spread over all and the same ones are asked again.
 */
export function chooseAgents(
  instance: string,
  home: Pick<Home, 'machine' | 'site'>,
  candidates: Candidates,
  most: number,
): readonly Vantage[] {
  const others = [...candidates.keys()].filter((site) => site !== home.site).sort()
  const chosen = new Map<string, Vantage>()
  for (const site of [home.site, ...others]) {
    const here = candidates.get(site) ?? []
    const start = here.length === 0 ? 0 : spread(instance) % here.length
    for (let offset = 0; offset < here.length && chosen.size < most; offset += 1) {
      const vantage = here[(start + offset) % here.length]
      if (!vantage || vantage.machine === home.machine || chosen.has(vantage.machine)) continue
      chosen.set(vantage.machine, vantage)
    }
    if (chosen.size >= most) break
  }
  return [...chosen.values()]
}

/** A number that only depends on the text (FNV-1a, 32 bits). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}
