import { catalogue } from '#shared/failure/catalogue.ts'
import { Failure, type FailureCode } from '#shared/failure/failure.ts'
import type { Granted } from '../identity/ask-plane.ts'

/** More than this between the clocks of host and plane is said. */
const skewMs = 5 * 60_000

/** Why a plane gave no certificate, with what to do about it. */
export function refusal(plane: string, { code, why }: Extract<Granted, { readonly kind: 'refused' }>): Failure {
  // The authority is the right one then, and only the time can be wrong: planes renew their certificates long before they end.
  const clock = code === 'PLANE_UNPROVEN' && why.includes('its certificate holds from')
  if (clock) return new Failure('ENROLMENT_CLOCK', `The clocks of this host and of ${plane} differ: ${why}.`)
  if (code === 'PLANE_UNREACHABLE') {
    return new Failure('PLANE_UNREACHABLE', `${plane} cannot be reached: ${why}.`, {
      remedy: unreachable,
      retryable: true,
    })
  }
  const known = code in catalogue ? (code as FailureCode) : 'ENROLMENT_REFUSED'
  return new Failure(known, `${plane} did not enrol this node: ${why}`)
}

const unreachable =
  'Check the address, that the plane runs and listens beyond loopback (api.address), and that no firewall stands between; ' +
  'it is asked over TLS, so the address begins with https://.'

/** What a certificate that was just issued tells of this host's clock: how far it is off, if that matters. Throws ENROLMENT_CLOCK. */
export function clockOff(
  { issuedAt, notAfter }: { readonly issuedAt: number; readonly notAfter: number },
  now: number,
) {
  const off = now - issuedAt
  if (now >= notAfter || off < -skewMs) {
    const which = off > 0 ? 'ahead of' : 'behind'
    throw new Failure('ENROLMENT_CLOCK', `The clock of this host is ${minutes(off)} ${which} that of the plane.`)
  }
  return off > skewMs ? `The clock of this host is ${minutes(off)} ahead of that of the plane.` : undefined
}

function minutes(ms: number): string {
  const count = Math.round(Math.abs(ms) / 60_000)
  return count < 120 ? `${count} min` : `${Math.round(count / 60)} h`
}
