import type { ProbeSpec } from '../protocol/check.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { probeHttp } from './http.ts'
import { probeTcp } from './tcp.ts'

type Prober<K extends ProbeSpec['kind']> = (
  spec: Extract<ProbeSpec, { kind: K }>,
  options: ProbeOptions,
) => Promise<ProbeResult>

/** How each kind of check is run. A new kind is one line here. */
export const kinds: { readonly [K in ProbeSpec['kind']]: Prober<K> } = {
  http: probeHttp,
  tcp: probeTcp,
}
