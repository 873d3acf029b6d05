import * as z from 'zod/mini'
import { duration, port } from '#shared/config/fields.ts'

const Xds = z
  .strictObject({
    address: z._default(z.string(), '127.0.0.1'),
    port: z._default(port(), 18_000),
    /** TLS, by the certificates of nodes; by default on every address but those of loopback. */
    tls: z.optional(z.boolean()),
    /** Allows an address that other machines reach without TLS. The stream is not encrypted, and whoever connects is believed. */
    insecure: z._default(z.boolean(), false),
  })
  .check(
    z.refine(({ address, insecure, tls }) => insecure || tls !== false || isLoopback(address), {
      path: ['tls'],
      error: 'expected TLS, a loopback address, or `insecure: true` beside it',
    }),
    z.refine(({ insecure, tls }) => !(insecure && tls === true), {
      path: ['insecure'],
      error: 'expected one of `tls: true` and `insecure: true`',
    }),
  )

/** Settings of routing. Durations in milliseconds once read. */
export const RoutingConfig = z.strictObject({
  /** A YAML file, or a folder of them; without it nothing is routed. */
  declaration: z.optional(z.string().check(z.minLength(1))),
  /** Where an earlier Heddle kept the last good files. Versions are in the database now; this is read where there is none. */
  keep: z.optional(z.string().check(z.minLength(1))),
  /** The declaration's files are compared this often, whatever the file system reports. */
  compare_files_every: z._default(duration(100), 5_000),
  /** Changes other than removals are gathered for so long. */
  gather: z._default(duration(), 20),
  /** All services are made anew from the fleet and compared this often. */
  compare_every: z._default(duration(1000), 60_000),
  xds: z.prefault(Xds, {}),
})
export type RoutingConfig = z.output<typeof RoutingConfig>

/** Whether Envoys ask over TLS. */
export function xdsOverTls({ address, tls, insecure }: RoutingConfig['xds']): boolean {
  return tls ?? !(insecure || isLoopback(address))
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)
}
