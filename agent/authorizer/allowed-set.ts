import { isIP } from 'node:net'
import * as z from 'zod/mini'
import { kindOfAddress } from '#shared/probe/target.ts'
import { AskedAuthenticator, type AskedEndpoint, type AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { isWithin } from '../gateway/allowed-paths.ts'

export type AuthorizerRules = {
  /** Folders of this host in which authorities of services may lie. */
  readonly certificates: readonly string[]
  /** Ports of this host's loopback by which programs are steered. */
  readonly controlPorts: ReadonlySet<number>
}

/**
 * What of a set this host lets be asked. An authenticator that names a file elsewhere is one that is not understood, so that no token passes
 * by it; endpoints where nobody but this host is ever meant are left out.
 */
export function allowedSet(set: AuthorizerSet, rules: AuthorizerRules): AuthorizerSet {
  return { authenticators: set.authenticators.map((each) => allowed(each, rules)) }
}

function allowed(given: unknown, { certificates, controlPorts }: AuthorizerRules): unknown {
  const { data: rule } = z.safeParse(AskedAuthenticator, given)
  // What is not understood here asks nobody.
  if (!rule) return given
  const { service } = rule
  if (service.tls && !isWithin(service.tls.ca, certificates)) return { name: rule.name, kind: 'refused' }
  const endpoints = service.endpoints.filter((endpoint) => mayBeAsked(endpoint, controlPorts))
  return endpoints.length === service.endpoints.length ? given : { ...rule, service: { ...service, endpoints } }
}

function mayBeAsked({ address, port }: AskedEndpoint, controlPorts: ReadonlySet<number>): boolean {
  const plain = address.replace(/^\[|\]$/g, '')
  // A name is looked up when it is asked; what answers there has to know how.
  if (isIP(plain.split('%', 1)[0] ?? '') === 0)
    return !(/^(?:.*\.)?localhost\.?$/i.test(plain) && controlPorts.has(port))
  const kind = kindOfAddress(plain)
  return kind === undefined || (kind === 'loopback' && !controlPorts.has(port))
}
