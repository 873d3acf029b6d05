import { kindOfAddress } from '#shared/probe/target.ts'
import type { GatewayConfig } from './config.ts'
import { portOf } from './config.ts'

type Controlled = {
  readonly gateways: readonly GatewayConfig[]
  readonly envoys?: readonly { readonly admin: string }[]
}

/** The ports of this host's loopback by which its proxies are looked at and ended. */
export function controlPortsOf({ gateways, envoys = [] }: Controlled): readonly number[] {
  const own = gateways.map((gateway) => (gateway.proxy === 'envoy' ? gateway.admin : gateway.proof))
  return [...own, ...envoys.map(({ admin }) => admin)].map(portOf)
}

/** Whether a host is this one, by an address that says so; a name that is looked up may lead here all the same. */
function isLoopback(host: string): boolean {
  const kind = kindOfAddress(host.replace(/^\[|\]$/g, ''))
  return kind === 'loopback' || kind === 'nobody' || /^(?:.*\.)?localhost\.?$/i.test(host)
}

/** Whether `host:port` is one of these ports on this host. */
export function isControlAddress(address: string, controlPorts: readonly number[]): boolean {
  const host = address.slice(0, address.lastIndexOf(':'))
  return controlPorts.includes(portOf(address)) && isLoopback(host)
}
