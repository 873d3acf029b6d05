/** A socket that listens, as the kernel's table has it. */
export type Listener = {
  /** `0.0.0.0` and `::` stand for every address of the host. */
  readonly address: string
  readonly port: number
  readonly user: number
  readonly inode: string
}

/** The sockets that listen, by a text as /proc/net/tcp and /proc/net/tcp6 have it. What does not fit is passed over. */
export function parseListeners(table: string): readonly Listener[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , user, , inode] = line.trim().split(/\s+/)
    if (state !== '0A' || inode === undefined) return []
    const [hex = '', portHex = ''] = local.split(':')
    const address = parseAddress(hex)
    const port = /^[0-9A-F]{4}$/i.test(portHex) ? Number.parseInt(portHex, 16) : 0
    return address === undefined || port === 0 ? [] : [{ address, port, user: Number(user), inode }]
  })
}

/** The kernel writes addresses as words of four bytes, each in the order of the machine: little-endian wherever Node runs. */
function parseAddress(hex: string): string | undefined {
  if (/^[0-9A-F]{8}$/i.test(hex)) return v4(bytesOf(hex))
  if (!/^[0-9A-F]{32}$/i.test(hex)) return undefined
  const bytes = bytesOf(hex)
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (mapped) return v4(bytes.slice(12))
  const groups = Array.from({ length: 8 }, (_, n) => (bytes[2 * n] ?? 0) * 256 + (bytes[2 * n + 1] ?? 0))
  return shortened(groups)
}

function bytesOf(hex: string): readonly number[] {
  const words = hex.match(/.{8}/g) ?? []
  return words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)))
}

function v4(bytes: readonly number[]): string {
  return bytes.join('.')
}

/** An IPv6 address with its longest run of zeros left out, as people write it. */
function shortened(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':')
  const runs = [...text.matchAll(/(^|:)0(:0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)
  const longest = runs[0]
  if (longest === undefined) return text
  const before = text.slice(0, longest.index)
  const after = text.slice(longest.index + longest[0].length)
  return `${before}::${after.replace(/^:/, '')}`
}

/** A port of this host on which something listens, at one address: what can be one server. */
export type Place = {
  readonly port: number
  /** Undefined: every address of the host. */
  readonly address: string | undefined
  /** Only this host reaches it. */
  readonly loopback: boolean
  readonly user: number | undefined
  /** Of all its sockets; another server has others. Empty where sockets cannot be seen. */
  readonly inodes: readonly string[]
}

/**
 * The places of listening sockets. Several sockets of one port are one place (IPv4 and IPv6, several workers) unless they are at
 * different addresses of the host; one that only the host itself reaches counts only where there is no other.
 */
export function placesOf(listeners: readonly Listener[]): readonly Place[] {
  const places: Place[] = []
  for (const [port, sockets] of Map.groupBy(listeners, ({ port }) => port)) {
    if (sockets.some(({ address }) => isEvery(address))) places.push(place(port, undefined, false, sockets))
    else {
      const outer = sockets.filter(({ address }) => !isLoopback(address))
      const byAddress = Map.groupBy(outer, ({ address }) => address)
      for (const [address, those] of byAddress) places.push(place(port, address, false, those))
      if (outer.length === 0) places.push(place(port, loopbackOf(sockets), true, sockets))
    }
  }
  return places.sort((a, b) => a.port - b.port || ((a.address ?? '') < (b.address ?? '') ? -1 : 1))
}

function place(
  port: number,
  address: string | undefined,
  loopback: boolean,
  sockets: readonly Pick<Listener, 'inode' | 'user'>[],
): Place {
  const inodes = [...new Set(sockets.map(({ inode }) => inode))].sort()
  return { port, address, loopback, user: sockets[0]?.user, inodes }
}

function loopbackOf(sockets: readonly Listener[]): string | undefined {
  return sockets.find(({ address }) => address === '127.0.0.1')?.address ?? sockets[0]?.address
}

/** Whether only the host itself reaches an address. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(address)
}

export function isEvery(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Equal for equal sets of listening places, and only for those. */
export function signatureOf(places: readonly Place[]): string {
  return places.map(({ port, address = '*', inodes }) => `${address}|${port}|${inodes.join()}`).join(' ')
}
