import * as z from 'zod/mini'

/** The WebSocket subprotocol between planes that share a store. */
export const subprotocol = 'heddle-planes.v1'
export const wirePath = '/planes'
/** Who connects, by its run. */
export const runHeader = 'heddle-plane-run'
/** No message is larger than this. */
export const mostMessageBytes = 4 * 1024 * 1024

/** What the teller has heard. `now` is its clock, epoch milliseconds, so that the times in it can be put right. */
export const Told = z.object({
  type: z.literal('told'),
  now: z.number(),
  /** Kind, key, value; null takes it away. */
  facts: z.array(z.tuple([z.string(), z.string(), z.unknown()])),
  events: z.array(z.tuple([z.string(), z.unknown()])),
})
export type Told = z.infer<typeof Told>

/** From whoever connected. */
export const FromTeller = z.discriminatedUnion('type', [
  Told,
  /** All that there was has been told: what was told in an earlier connection and not in this one is no more. */
  z.object({ type: z.literal('whole') }),
  z.object({ type: z.literal('ask'), id: z.int(), question: z.string(), about: z.unknown() }),
])
export type FromTeller = z.infer<typeof FromTeller>

/** The answers. */
export const ToTeller = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), id: z.int(), answer: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), code: z.string(), message: z.string(), retryable: z.boolean() }),
])
export type ToTeller = z.infer<typeof ToTeller>

/** Undefined: it cannot be read; a plane of another version may say what this one does not know. */
export function readMessage<T extends z.core.$ZodType>(schema: T, text: string): z.core.output<T> | undefined {
  try {
    const result = z.safeParse(schema, JSON.parse(text))
    return result.success ? result.data : undefined
  } catch {
    return undefined
  }
}
