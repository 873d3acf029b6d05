import * as z from 'zod/mini'
import { clientIdPattern } from '#shared/protocol/identity.ts'
import { fieldProblems, plainText, portField } from '../fields.ts'
import type { Adapter } from './registration.ts'

const idError = 'expected 1 to 100 letters, digits or any of ". _ : @ -"'
const clientId = () => z.string({ error: idError }).check(z.regex(clientIdPattern, { error: idError }))
const addressError = 'expected a host name or an IP address'

/** Values of any kind, as text: what is no text is written as JSON. */
const Metadata = z
  .record(z.string().check(z.minLength(1), z.maxLength(128)), z.unknown(), { error: 'expected an object' })
  .check(z.refine((entries) => Object.keys(entries).length <= 100, { error: 'expected at most 100 entries' }))

const Body = z.object({
  service_name: plainText(100),
  service_type: z.optional(z.nullable(plainText(100))),
  instance_id: clientId(),
  node_id: clientId(),
  address: z.optional(z.nullable(z.string().check(z.regex(/^[A-Za-z0-9._:[\]-]{0,253}$/, { error: addressError })))),
  port: portField(),
  metadata: z.optional(z.nullable(Metadata)),
})

/** `{service_name, service_type, instance_id, node_id, address, port, metadata}` */
export const serviceInstance: Adapter = {
  shape: 'service_name, service_type, instance_id, node_id, address, port, metadata',
  recognises: (body) => 'service_name' in body || 'instance_id' in body,
  read(body) {
    const result = z.safeParse(Body, body)
    if (!result.success) return { kind: 'problems', problems: fieldProblems(result.error, body) }
    const { service_name, service_type, instance_id, node_id, address, port, metadata } = result.data
    const texts = asTexts(metadata ?? {})
    const tooLong = Object.keys(texts).filter((key) => (texts[key]?.length ?? 0) > mostValue)
    if (tooLong.length > 0) {
      const message = `expected at most ${mostValue} characters`
      return { kind: 'problems', problems: tooLong.map((key) => ({ field: `metadata.${key}`, message })) }
    }
    const registration = {
      id: instance_id,
      service: service_name,
      type: service_type ?? undefined,
      node: node_id,
      address: address?.replace(/^\[|\]$/g, '') || undefined,
      port,
      version: texts.version?.slice(0, 100),
      cluster: (texts.cluster_id ?? texts.cluster)?.slice(0, 63),
      metadata: texts,
    }
    return { kind: 'registration', registration }
  },
}

const mostValue = 2_000

function asTexts(metadata: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
