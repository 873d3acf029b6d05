/** An address of one of this machine's interfaces. */
export type InterfaceAddress = { readonly interface: string; readonly address: string; readonly internal: boolean }

const meaningless = /^(localhost|0\.0\.0\.0|127(\.\d{1,3}){3}|::1?|\[::1?\])$/i

/** Whether an address means something to other machines. */
export function isReachable(address: string | undefined): address is string {
  return address !== undefined && !meaningless.test(address)
}

export function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(address)
}

/** The interface of the default route, of a text as /proc/net/route has it; the one of the lowest metric among several. */
export function defaultInterface(routes: string): string | undefined {
  const defaults = routes
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .sort((a, b) => Number(a[6]) - Number(b[6]))
  return defaults[0]?.[0]
}

/**
 * Where others reach this node, by what could be found out: the address from which it talks to a plane is best, unless that says
 * nothing; then that of the default route's interface, then any that is not internal. A plane on this machine alone reaches 127.0.0.1.
 */
export function chooseAddress(found: {
  readonly configured: string | undefined
  readonly towardsPlane: string | undefined
  readonly interfaces: readonly InterfaceAddress[]
  readonly defaultInterface: string | undefined
}): string {
  const { configured, towardsPlane, interfaces } = found
  if (isReachable(configured)) return configured
  if (towardsPlane !== undefined && isReachable(towardsPlane)) return towardsPlane
  if (towardsPlane !== undefined && isLoopback(towardsPlane)) return '127.0.0.1'
  const outer = interfaces.filter(({ internal }) => !internal)
  const onDefault = outer.find((entry) => entry.interface === found.defaultInterface)
  return onDefault?.address ?? outer[0]?.address ?? '127.0.0.1'
}
