import type { Rate } from './route-policy.ts'
import type { Source } from './source.ts'

/** Files on the proxy's machine, in PEM. */
export type Certificate = {
  readonly cert: string
  readonly key: string
  /** Names for which it is shown; empty: for all that no other has. */
  readonly hosts: readonly string[]
}

export type Listener = {
  readonly name: string
  readonly address: string
  readonly port: number
  /** The client whose requests come in here; it alone says who the client is. */
  readonly client: string | undefined
  /** undefined: plain HTTP. */
  readonly tls:
    | { readonly certificates: readonly Certificate[]; readonly minVersion: '1.2' | '1.3'; readonly http2: boolean }
    | undefined
  /** Every request is sent to https at this port, but those for ACME's http-01 challenges. */
  readonly redirectToHttps: number | undefined
  /** Connections begin with PROXY protocol, version 1 or 2. */
  readonly proxyProtocol: boolean
  readonly source: Source
}

/** What holds for a client on all its listeners. */
export type ClientPolicy = {
  readonly id: string
  readonly rate: Rate | undefined
  readonly source: Source
}
