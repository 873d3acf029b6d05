import { renewableMs } from '#shared/identity/judge-certificate.ts'
import { type Finding, finder } from '../finding.ts'

/** What a node's certificate says of itself. Times in epoch milliseconds. */
export type NodeCertificateSeen = {
  readonly node: string
  readonly installation: string
  readonly from: number
  readonly to: number
  /** It is of the key beside it. */
  readonly isOfKey: boolean
  /** One of the authorities beside it has signed it, itself or by another one in the file. */
  readonly isTrusted: boolean
}

const { ok, warning, error } = finder('identity')

/** What is to be said of a node's certificate. @param seen undefined: the file holds none. @param where the folder, for people */
export function nodeCertificateFinding(
  seen: NodeCertificateSeen | undefined,
  { where, now }: { readonly where: string; readonly now: number },
): Finding {
  const anew = `systemctl stop heddle-agent, move ${where} away, and enrol the node again: heddle-agent enroll.`
  if (seen === undefined) return error(`what lies in ${where} is no certificate of a node`, anew)
  const { node, installation, from, to, isOfKey, isTrusted } = seen
  const which = `the certificate of ${node} (installation ${installation}, ${where})`
  if (!isOfKey) return error(`${which} is not of the key beside it`, anew)
  if (from > now)
    return error(`${which} counts only from ${at(from)} on`, 'Set the clock of this host, or of the plane.')
  if (now >= to + renewableMs) return error(`${which} has ended on ${at(to)}, too long ago to be renewed`, anew)
  if (now >= to) {
    const remedy =
      'Its agent renews it by itself once it runs and reaches a plane: the checks agent and plane say what is in its way.'
    return error(`${which} has ended on ${at(to)}`, remedy)
  }
  if (!isTrusted) {
    const remedy = 'Fine while the authority changes (`heddle identity authority`); else enrol the node again.'
    return warning(`${which} is signed by none of the authorities that the node believes`, remedy)
  }
  return ok(`${which} holds until ${at(to)}`)
}

function at(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
