import * as z from 'zod/mini'

/** Every reason that Heddle gives for what it believes or does, with the names of its parameters. A console translates them. */
export const reasonParameters = {
  /** The check got the answer it expects. */
  ok: [],
  /** A check has not run yet. */
  no_verdict: [],
  refused: [],
  reset: [],
  timeout: [],
  /** The name of the host could not be resolved, or there is no way to it. */
  unreachable: ['error'],
  http_status: ['status'],
  /** The service's own word for its state, such as DOWN. */
  body_status: ['word'],
  /** A nested dependency is not well; `path` leads to it in the body. */
  dependency: ['path', 'word'],
  unknown_word: ['word'],
  /** Another service answers here. */
  identity_mismatch: ['expected', 'answered'],
  no_health_endpoint: ['status'],
  bad_answer: ['error'],
  /** A client without an agent has not sent a heartbeat in time. */
  silent: [],
  /** What a client without an agent says about itself. */
  heartbeat: [],
  contact_lost: [],
  death_confirmed: ['how'],
  draining: [],
  maintenance: [],
  quarantined: [],
  /** Its weight is 0: it gets no requests. */
  no_weight: [],
  /** The service is routed to another cluster only. */
  other_cluster: ['cluster'],
  /** Another instance of the service is at the same address and port, and stands for both. */
  same_address: ['instance'],
} as const satisfies Record<string, readonly string[]>

export type ReasonCode = keyof typeof reasonParameters
export const reasonCodes = Object.keys(reasonParameters) as ReasonCode[]

export const Reason = z.object({
  code: z.enum(reasonCodes as [ReasonCode, ...ReasonCode[]]),
  params: z.optional(z.record(z.string(), z.string().check(z.maxLength(200)))),
})
export type Reason = z.infer<typeof Reason>

export function reason(code: ReasonCode, params?: Readonly<Record<string, string>>): Reason {
  return params === undefined ? { code } : { code, params: { ...params } }
}

const lineBreakers = /[\p{Cc}\u2028\u2029]+/gu

/** One stable line: `identity_mismatch answered=billing expected=crm`. The same reason always gives the same bytes. */
export function reasonText({ code, params = {} }: Reason): string {
  const words = Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
  // Parameters come from others, and whatever keeps a reason keeps it as one line.
  return [code, ...words].join(' ').replace(lineBreakers, ' ')
}

export function sameReason(a: Reason, b: Reason): boolean {
  return reasonText(a) === reasonText(b)
}
