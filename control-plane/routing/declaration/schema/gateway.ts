import * as z from 'zod/mini'
import { plainName, port } from '#shared/config/fields.ts'
import { isPrefix, prefixError } from '../texts.ts'
import { filePath, hostPattern, ip, loopback, network } from './names.ts'

const CertificatePart = z.strictObject({
  /** PEM, on the proxy's machine: the certificate and those between it and the authority. */
  cert: filePath(),
  key: filePath(),
  /** For which names it is shown; without names it is shown for all that no other has. */
  hosts: z._default(z.array(hostPattern()), []),
})

const TlsPart = z.strictObject({
  certificates: z.array(CertificatePart).check(z.minLength(1, { error: 'expected at least one certificate' })),
  min_version: z._default(z.enum(['1.2', '1.3'], { error: 'expected "1.2" or "1.3"' }), '1.2'),
  http2: z._default(z.boolean(), true),
})

const ListenerPart = z
  .strictObject({
    name: z.optional(plainName()),
    address: z._default(ip(), '0.0.0.0'),
    port: port(),
    /** The client whose requests come in here. */
    client: z.optional(plainName()),
    tls: z.optional(TlsPart),
    /** Sends every request to https at this port, but those for ACME's http-01 challenges. */
    redirect_to_https: z.optional(port()),
    /** Connections begin with PROXY protocol, version 1 or 2, as balancers in front speak it. */
    proxy_protocol: z._default(z.boolean(), false),
  })
  .check(
    z.refine(({ tls, redirect_to_https }) => tls === undefined || redirect_to_https === undefined, {
      path: ['redirect_to_https'],
      error: 'this listener speaks TLS already',
    }),
  )
export type ListenerPart = z.infer<typeof ListenerPart>

export const GatewayPart = z
  .strictObject({
    proxy: z.enum(['envoy', 'nginx'], { error: 'expected "envoy" or "nginx"' }),
    /** How an Envoy gets what it serves: by the stream to the plane, or by files from the agent on its node. Nginx takes files only. */
    delivery: z.optional(z.enum(['xds', 'files'], { error: 'expected "xds" or "files"' })),
    /** observe: show what the proxy would get; apply: give it. */
    mode: z._default(z.enum(['observe', 'apply'], { error: 'expected "observe" or "apply"' }), 'apply'),
    /** Where its proxies are, in the words of their nodes: services with a locality call what is near first. */
    site: z.optional(plainName()),
    cluster: z.optional(plainName()),
    listeners: z.array(ListenerPart).check(z.minLength(1, { error: 'expected at least one listener' })),
    access_log: z.optional(filePath()),
    attempt_log: z.optional(filePath()),
    /** Addresses and networks of balancers in front, whose x-forwarded-for is believed. */
    trusted_proxies: z._default(z.array(network()), []),
    /** Answers 200 while the gateway serves, for balancers in front. */
    health_path: z.optional(
      z.string().check(z.refine((path) => isPrefix(path) && path !== '/', { error: prefixError })),
    ),
    /** Where the agent beside this gateway's proxies checks tokens: a loopback address and port. */
    authorizer: z._default(loopback(), '127.0.0.1:18098'),
    /** What its routes ask for unless they say something else: the name of an authenticator, or "open". */
    auth: z._default(z.string(), 'open'),
  })
  .check(
    z.refine(({ proxy, delivery }) => proxy === 'envoy' || delivery !== 'xds', {
      path: ['delivery'],
      error: 'an Nginx takes files only',
    }),
  )
export type GatewayPart = z.infer<typeof GatewayPart>
