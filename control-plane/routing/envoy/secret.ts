import type { Listener, Source } from '../table.ts'
import type { Json } from './json.ts'

type Files = Pick<NonNullable<Listener['tls']>['certificates'][number], 'cert' | 'key'>

/** A certificate under its name, with the listener that names it first. */
export type NamedSecret = Files & { readonly name: string; readonly source: Source }

/** The name under which Envoy asks for a certificate. */
export function secretName({ cert, key }: Files): string {
  return `${cert}+${key}`
}

/** Every certificate of these listeners once, by name. */
export function secretsOf(listeners: readonly Pick<Listener, 'tls' | 'source'>[]): readonly NamedSecret[] {
  const byName = new Map<string, NamedSecret>()
  for (const { tls, source } of listeners) {
    for (const { cert, key } of tls?.certificates ?? []) {
      const name = secretName({ cert, key })
      if (!byName.has(name)) byName.set(name, { name, cert, key, source })
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * The same files by other paths. Envoy compares a secret with the one before, even where it could not read that one's files, and takes no
 * notice of an equal one.
 */
export function reworded<S extends Files>(secret: S): S {
  const longer = (path: string) => path.replace(/\/(?=[^/]*$)/, '/./')
  return { ...secret, cert: longer(secret.cert), key: longer(secret.key) }
}

/** Envoy's secret of a certificate: it reads the files itself, and again when one of them is moved into place. */
export function toSecret({ name, cert, key }: Omit<NamedSecret, 'source'>): Json {
  return { name, tls_certificate: { certificate_chain: { filename: cert }, private_key: { filename: key } } }
}
