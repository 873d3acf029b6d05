/** The hosts of the addresses in a text, without those that mean the machine itself. */
export function hostsIn(text: string): readonly string[] {
  const hosts = Array.from(text.matchAll(/\w+:\/\/(?:[^\s/@'"]*@)?([\w.-]+)/g), ([, host = '']) => host.toLowerCase())
  return [...new Set(hosts)].filter((host) => host !== 'localhost' && !host.startsWith('127.'))
}

/** Whether a text names a host. A host without a dot may be an ordinary word: it counts only as part of an address. */
export function mentions(text: string, host: string): boolean {
  const escaped = host.replaceAll('.', '\\.')
  const pattern = host.includes('.') ? `(?<![\\w.-])${escaped}(?![\\w-])` : `://(?:[^\\s/@]*@)?${escaped}(?![\\w.-])`
  return new RegExp(pattern, 'i').test(text)
}
