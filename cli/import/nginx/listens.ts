import { isIP } from 'node:net'

/** Where a server listens. */
export type Listen = {
  /** An IP address; "0.0.0.0" and "::" stand for all. */
  readonly address: string
  readonly port: number
  readonly ssl: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  readonly isDefault: boolean
}

/** What `listen` says; a text: why it cannot be carried over. */
export function listenOf([where = '', ...words]: readonly string[]): Listen | string {
  if (where.startsWith('unix:')) return 'gateways listen on addresses and ports, not on sockets of files'
  const [, v6, port6] = /^\[([0-9a-fA-F:.]+)\](?::(\d+))?$/.exec(where) ?? []
  const [, v4, port4] = /^(?:([^:]+):)?(\d+)$/.exec(where) ?? []
  const address = v6 ?? (v4 === undefined || v4 === '*' ? undefined : v4) ?? (port4 === undefined ? where : '0.0.0.0')
  const port = Number(port6 ?? port4 ?? 80)
  const plain = address === '*' ? '0.0.0.0' : address
  if (isIP(plain) === 0) return `"${plain}" is not an IP address`
  if (port < 1 || port > 65_535) return `${port} is no port`
  const says = (word: string) => words.includes(word)
  return {
    address: plain,
    port,
    ssl: says('ssl'),
    http2: says('http2'),
    proxyProtocol: says('proxy_protocol'),
    isDefault: says('default_server') || says('default'),
  }
}
