/** Whether an address leads every machine to itself: loopback, and the one that means "all of mine". */
export function isOnlyLocal(address: string): boolean {
  const plain = address
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '')
  return /^(127\.|0\.|localhost\.?$|.*\.localhost\.?$|::1?$)/.test(plain)
}
