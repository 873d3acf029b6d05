import { type Revoked, renewableMs } from '#shared/identity/judge-certificate.ts'
import type { Revocation } from './identity.ts'

const hour = 3_600_000
const day = 24 * hour
/** A node's certificate holds so long at most; clocks of planes may differ by the hour that is added. */
const longestMs = 25 * hour

/** Ends all of a node's enrolments up to a number. */
export function revokeEnrolment(node: string, enrolment: number, at: number, by: string, why: string): Revocation {
  const subject = `enrolment ${node} ${enrolment}`
  return { kind: 'enrolment', subject, node, enrolment, at, by, why, endsAt: at + longestMs }
}

/** Ends one certificate; its node goes on with others. @param serial as certificates are read */
export function revokeSerial(node: string, serial: string, at: number, by: string, why: string): Revocation {
  return { kind: 'serial', subject: `serial ${serial}`, node, serial, at, by, why, endsAt: at + longestMs }
}

/** A backup was restored now: certificates up to now are not renewed before it is known which of them were revoked. */
export function holdUntil(until: number, by: string): Revocation {
  const why = 'a backup was restored'
  return { kind: 'held', subject: `held ${until}`, until, at: until, by, why, endsAt: until + longestMs }
}

/** What was held up to a time may be renewed. */
export function releaseUntil(until: number, at: number, by: string, why: string): Revocation {
  return { kind: 'released', subject: `released ${until}`, until, at, by, why, endsAt: until + longestMs }
}

/** What several places know of revocations: all of it, each once. In one order, whatever the places. */
export function united(...places: readonly (readonly Revocation[])[]): readonly Revocation[] {
  const all = new Map<string, Revocation>()
  for (const revocation of places.flat()) {
    const known = all.get(revocation.subject)
    // The same subject by two words: the one that is kept longer, then the earlier one, so that every plane takes the same.
    if (!known || before(revocation, known)) all.set(revocation.subject, revocation)
  }
  return [...all.values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
}

function before(a: Revocation, b: Revocation): boolean {
  if (a.endsAt !== b.endsAt) return a.endsAt > b.endsAt
  if (a.at !== b.at) return a.at < b.at
  return JSON.stringify(a) < JSON.stringify(b)
}

/** Revocations made ready to judge by. `heldUntil`: certificates that were issued up to then are not renewed; 0: none are held. */
export type RevokedNow = Revoked & { readonly heldUntil: number }

export function revokedBy(revocations: readonly Revocation[]): RevokedNow {
  const enrolments = new Map<string, number>()
  const serials = new Set<string>()
  let held = 0
  let released = 0
  for (const revocation of revocations) {
    switch (revocation.kind) {
      case 'enrolment':
        enrolments.set(revocation.node, Math.max(revocation.enrolment, enrolments.get(revocation.node) ?? 0))
        break
      case 'serial':
        serials.add(revocation.serial)
        break
      case 'held':
        held = Math.max(held, revocation.until)
        break
      case 'released':
        released = Math.max(released, revocation.until)
    }
  }
  return { enrolments, serials, heldUntil: held > released ? held : 0 }
}

/** Revocations that ended before this may be forgotten: what they end could not even be renewed any more. */
export function forgettable(now: number): number {
  return now - renewableMs - day
}
