import type { InstanceSpec, ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { isOnlyLocal } from '../../local-address.ts'

/** A place that probes: `plane`, another plane as `plane:<its run>`, or the id of a node. */
export type Vantage = { readonly id: string; readonly machine: string; readonly site: string }

/** This plane itself. */
export const planeId = 'plane'
const otherPlane = 'plane:'

/** The vantage that another plane is. */
export function planeIdOf(run: string): string {
  return `${otherPlane}${run}`
}

/** The run of another plane that is this vantage; undefined: it is none. */
export function runOfPlane(vantage: string): string | undefined {
  return vantage.startsWith(otherPlane) ? vantage.slice(otherPlane.length) : undefined
}

/** Whether a vantage is this plane or another one. */
export function isPlane(vantage: string): boolean {
  return vantage === planeId || vantage.startsWith(otherPlane)
}

/**
 * What a probe from outside says about whether an instance lives. other: something answered, or went wrong, that says neither.
 * unanswered: the vantage itself was not heard.
 */
export type Finding = 'passed' | 'refused' | 'no-answer' | 'other' | 'unanswered'

/** A host that is gone from its own network is called this as soon as its neighbours notice. */
const goneErrors: readonly string[] = ['EHOSTUNREACH', 'EHOSTDOWN']

/** @param verdict of the vantage; undefined: it gave none */
export function findingOf(verdict: Verdict | undefined): Finding {
  if (!verdict) return 'unanswered'
  const { health, reason } = verdict
  if (health === 'passing' || health === 'warning') return 'passed'
  // A vantage that has no verdict had trouble of its own.
  if (health === 'unknown') return 'other'
  if (reason.code === 'refused') return 'refused'
  if (reason.code === 'timeout') return 'no-answer'
  // A name that does not resolve, or a network that the vantage has no way to, is its own trouble, too.
  return reason.code === 'unreachable' && goneErrors.includes(reason.params?.error ?? '') ? 'no-answer' : 'other'
}

/** The check that decides whether an instance lives, if it can be run from elsewhere. */
export function remoteCheck(spec: InstanceSpec): ProbeSpec | undefined {
  const [check] = spec.checks
  return check && !isOnlyLocal(check.address) ? check : undefined
}
