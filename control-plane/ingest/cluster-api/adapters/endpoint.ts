/** A URL that stands for address and port. */
export type Endpoint = {
  readonly text: string
  readonly scheme: string
  readonly address: string
  readonly port: number
  /** With what follows it; empty where there is none. */
  readonly path: string
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 }

/** Reads `http://10.0.0.5:8080/api`, `10.0.0.5:8080` and the like. A text says what is wrong with it. */
export function readEndpoint(text: string): Endpoint | string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.parse(whole)
  if (!url || url.hostname === '') return 'expected a URL such as "http://10.0.0.5:8080"'
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password'
  const scheme = url.protocol.slice(0, -1)
  const port = url.port === '' ? (defaultPorts[scheme] ?? 0) : Number(url.port)
  if (port < 1) return 'expected a URL with a port'
  const address = url.hostname.replace(/^\[|\]$/g, '')
  if (!/^[A-Za-z0-9._:-]{1,253}$/.test(address)) return 'expected a URL with a host name or an IP address'
  const path = `${url.pathname === '/' && !/\/$/.test(text) ? '' : url.pathname}${url.search}`
  return { text, scheme, address, port, path }
}

/** The URL with another address: the one that others can reach. */
export function endpointAt({ text, scheme, address, port, path }: Endpoint, reachable: string): string {
  if (address === reachable) return text
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}${path}`
}
