import { hkdfSync } from 'node:crypto'

/**
 * The keys of TLS tickets, by which who comes back is known without another proof of his key. From the installation's secret, so that a ticket
 * of one plane counts at all of them, and after a restart. Whoever has the secret can sign certificates anyhow; and what a ticket says is judged
 * as the certificate in it would be.
 */
export function ticketKeysOf(secret: Uint8Array, installation: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.from(installation), 'heddle tls tickets', 48))
}
