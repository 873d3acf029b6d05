/** What counts as one address: of IPv6 the /64, since whoever has one address has all of those. */
export function networkOf(from: string): string {
  if (!from.includes(':')) return from
  const [head = '', tail] = from.split('%', 1)[0]?.split('::') ?? []
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
