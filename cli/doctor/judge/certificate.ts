import type { Finding } from '../finding.ts'

/** What a server has shown. Times in epoch milliseconds. */
export type CertificateSeen = {
  readonly from: number
  readonly to: number
  /** As `DNS:a, IP Address:b`. */
  readonly names: string
  /** Why it is not believed, by the code of TLS; undefined: it is. */
  readonly refused: string | undefined
}

const day = 86_400_000
const soonMs = 7 * day

export type Judged =
  | { readonly level: Extract<Finding['level'], 'ok'> }
  | { readonly level: 'warning' | 'error'; readonly text: string; readonly remedy: string }

/** What is to be said of a certificate. @param host under which name or address it was asked */
export function judgeCertificate(
  { from, to, names, refused }: CertificateSeen,
  { host, now, ifStranger }: { readonly host: string; readonly now: number; readonly ifStranger?: string | undefined },
): Judged {
  const error = (text: string, remedy: string): Judged => ({ level: 'error', text, remedy })
  if (to < now) {
    return error(`its certificate has ended on ${at(to)}`, 'Renew it, or set the clock if that is wrong.')
  }
  if (from > now)
    return error(`its certificate counts only from ${at(from)} on`, 'Set the clock of this host or of that one.')
  if (refused === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return error(
      `its certificate is not for ${host}, but for ${shortly(names)}`,
      'Ask it by one of those names, or have a certificate made for this one (`api.names` of a plane).',
    )
  }
  if (refused !== undefined) {
    return error(
      `nobody who is believed has signed its certificate (${refused})`,
      ifStranger ??
        'Name its authority: ca_file in the configuration, --ca or HEDDLE_CA for a plane (heddle-ca.pem beside its journal).',
    )
  }
  // Certificates of nodes last a day and renew themselves: only those that last long are missed when they end.
  if (to - now < soonMs && to - from > 30 * day) {
    return { level: 'warning', text: `its certificate ends on ${at(to)}`, remedy: 'Renew it before that.' }
  }
  return { level: 'ok' }
}

/** A certificate may have a hundred of them. */
function shortly(names: string): string {
  const all = names.split(', ').filter((name) => name !== '')
  if (all.length === 0) return 'no name at all'
  return all.length > 4 ? `${all.slice(0, 4).join(', ')} and ${all.length - 4} more` : all.join(', ')
}

function at(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
