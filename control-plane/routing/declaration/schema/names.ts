import * as z from 'zod/mini'
import { isIp, isPrintable } from '../texts.ts'

/** The cluster by which an Envoy's own bootstrap names the control plane. */
export const xdsCluster = 'heddle-xds'

/** Any text, as services are named, without control characters. */
export function serviceName() {
  return z.string().check(
    z.minLength(1, { error: 'expected a name' }),
    z.maxLength(100, { error: 'expected at most 100 characters' }),
    z.refine(isPrintable, { error: 'expected a name without control characters' }),
    z.refine((name) => !name.startsWith('heddle-'), { error: 'names that begin with "heddle-" are Heddle\'s own' }),
    z.refine((name) => !name.includes('*'), { error: 'only a route may name several services with "*"' }),
  )
}

/** A service's name, or the beginning of several with `*` at its end. */
export function serviceNames() {
  return z.string().check(
    z.minLength(1, { error: 'expected a name' }),
    z.maxLength(100, { error: 'expected at most 100 characters' }),
    z.refine(isPrintable, { error: 'expected a name without control characters' }),
    z.refine((name) => !name.startsWith('heddle-'), { error: 'names that begin with "heddle-" are Heddle\'s own' }),
    z.refine((name) => /^[^*]+\*?$/.test(name), { error: 'expected a name, or its beginning and one "*" at the end' }),
  )
}

export const ip = () => z.string().check(z.refine(isIp, { error: 'expected an IP address such as "0.0.0.0" or "::1"' }))

export const networkError = 'expected an IP address or a network such as "10.0.0.0/8"'
export const network = () => z.string().check(z.refine(isNetwork, { error: networkError }))

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  if (!isIp(address) || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32))
}

const loopbackError = 'expected a loopback address with a port, such as "127.0.0.1:18098"'
/** Where a plane, an agent and a Consul listen unless they are told otherwise: what comes in at a gateway must not be asked there. */
const controlPorts = [8888, 18_000, 9180, 8500]
export const loopback = () =>
  z.string().check(
    z.regex(/^127\.0\.0\.1:[1-9]\d{0,4}$/, { error: loopbackError }),
    z.refine((text) => !controlPorts.includes(Number(text.split(':')[1])), {
      error: 'this is a port by which Heddle or Consul is steered',
    }),
  )

/** A path of the proxy's machine that both proxies take as it is. */
export const filePath = () =>
  z
    .string()
    .check(
      z.regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: 'expected an absolute path of letters, digits, ".", "_" and "-"' }),
    )

const hostError = 'expected a host name in lower case such as "api.example.com", or "*.example.com"'
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
export const hostPattern = () =>
  z
    .string()
    .check(
      z.maxLength(253, { error: hostError }),
      z.regex(new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`), { error: hostError }),
    )
export const hostName = () =>
  z
    .string()
    .check(
      z.maxLength(253, { error: hostError }),
      z.regex(new RegExp(`^${label}(?:\\.${label})*$`), { error: 'expected a host name in lower case' }),
    )

const headerError = 'expected a header name in lower case: letters, digits, "-" and "_"'
/** Headers by which proxies work, or which Heddle sets itself. */
const reserved =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|keep-alive|proxy-.*|x-forwarded-.*|x-envoy-.*|x-heddle-.*|x-client-id|x-real-ip|x-request-id)$/
export const headerName = () => z.string().check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, { error: headerError }))
const writtenByProxies = /^(?:host|x-forwarded-.*|x-envoy-.*|x-heddle-.*|x-client-id|x-real-ip|x-request-id)$/
/** A header that routes may look at: what proxies write there themselves tells nothing about the request. */
export const comparedHeader = () =>
  headerName().check(
    z.refine((name) => !writtenByProxies.test(name), { error: 'the proxies write this header themselves' }),
  )
/** A header that rules may set or take off. */
export const ruledHeader = () =>
  headerName().check(z.refine((name) => !reserved.test(name), { error: 'the proxies need this header themselves' }))
/** What a header may hold, without what proxies would put something else in for. */
export const headerValue = () =>
  z
    .string()
    .check(
      z.maxLength(1000, { error: 'expected at most 1000 characters' }),
      z.regex(/^[\x20-\x7e]*$/, { error: 'expected printable ASCII' }),
    )

const sizeError = 'expected a size such as "512kb", "10mb" or "1gb"'
const unitBytes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const
/** A size as text in YAML, bytes in the program. */
export const size = () =>
  z.pipe(
    z.string({ error: sizeError }).check(z.regex(/^[1-9]\d{0,5}(?:b|kb|mb|gb)$/, { error: sizeError })),
    z.transform((text: string) => {
      const [, count = '0', unit = 'b'] = /^(\d+)(\w+)$/.exec(text) ?? []
      return Number(count) * unitBytes[unit as keyof typeof unitBytes]
    }),
  )

export const whole = (least: number, most: number) =>
  z
    .int({ error: `expected ${least} to ${most}` })
    .check(
      z.gte(least, { error: `expected ${least} to ${most}` }),
      z.lte(most, { error: `expected ${least} to ${most}` }),
    )
