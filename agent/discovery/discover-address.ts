import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { chooseAddress, defaultInterface, type InterfaceAddress, isReachable } from './address.ts'

/**
 * Where others reach this node. Asks the machine's routing, sends nothing, never rejects.
 * @param before what was found earlier; it holds for as long as this machine has that address, since a move unsettles every instance
 */
export async function discoverAddress(
  configured: string | undefined,
  planes: readonly string[],
  before?: string,
): Promise<string> {
  if (isReachable(configured)) return configured
  const interfaces = interfaceAddresses()
  if (before !== undefined && interfaces.some(({ address }) => address === before)) return before
  return chooseAddress({
    configured,
    towardsPlane: await addressTowards(planes),
    interfaces,
    defaultInterface: defaultInterface(await readFile('/proc/net/route', 'utf8').catch(() => '')),
  })
}

/** The address from which this machine would talk to the first plane that it has a way to. */
export async function addressTowards(planes: readonly string[]): Promise<string | undefined> {
  const { createSocket } = await import('node:dgram')
  for (const plane of planes) {
    const { hostname, port, protocol } = new URL(plane)
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    try {
      // Connecting a datagram socket only asks for the route.
      const connected = once(socket, 'connect')
      socket.connect(Number(port) || (protocol === 'https:' ? 443 : 80), host)
      await connected
      return socket.address().address
    } catch {
      // No such host, or no way to it: perhaps to the next.
    } finally {
      socket.close()
    }
  }
  return undefined
}

function interfaceAddresses(): readonly InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family }) => family === 'IPv4')
      .map(({ address, internal }) => ({ interface: name, address, internal })),
  )
}
