import { type EgressRules, judgeEgress, judgeEgressAddress } from '#shared/egress/judge-egress.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { MayReach } from '#shared/probe/probe.ts'
import type { PlaneConfig } from '../config.ts'
import { controlPorts, ownAddresses, type ReachOptions } from './reach.ts'

type Settings = Pick<PlaneConfig, 'api' | 'routing' | 'ingest' | 'egress'>

/** Where this plane may connect to by the word of others than its own configuration. */
export function egressRules(config: Settings, own?: Pick<ReachOptions, 'own' | 'now'>): EgressRules {
  return { allow: config.egress.allow, ports: controlPorts(config), isOwn: ownAddresses(own) }
}

/**
 * What judges the addresses that somebody names who stands at one of the configuration's, such as a sign-in provider: his own host is that of
 * the configuration, any other must be on the list. It throws EGRESS_REFUSED, and returns what judges where the name leads.
 * @param named the address in the configuration
 */
export function egressFrom(config: Settings, named: string, rules = egressRules(config)): (url: URL) => MayReach {
  const { host } = new URL(named)
  return (url) => {
    const source = url.host === host ? 'file' : 'elsewhere'
    const wrong = judgeEgress(url.href, source, rules)
    if (wrong !== undefined) throw new Failure('EGRESS_REFUSED', `${url.origin}, which ${host} names, ${wrong}`)
    return (address, port) => judgeEgressAddress(address, port, source, rules, url.hostname) === undefined
  }
}
