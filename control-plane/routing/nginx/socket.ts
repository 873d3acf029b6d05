import { SocketAddress } from 'node:net'

/** An address and port as nginx writes them. */
export function socketText({ address, port }: { readonly address: string; readonly port: number }): string {
  if (!address.includes(':')) return `${address}:${port}`
  // nginx does not take "::" in the place of a single group; the common form never has it.
  return `[${new SocketAddress({ address, family: 'ipv6' }).address}]:${port}`
}
