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
  /** It lives, and wants a login that the check does not have. */
  needs_login: [],
  /** What a database answers instead of its service: its own code, such as 57P03, 1040 or LOADING, and its own words. */
  server_error: ['code', 'word'],
  /** A health server's own state of the service, such as NOT_SERVING. */
  grpc_health: ['status'],
  /** How a call ended that should have told the health, such as UNAVAILABLE. */
  grpc_status: ['status'],
  /** A process that should run on the host does not; `what` is how it was looked for. */
  not_running: ['what'],
  /** How a command on the host ended: its exit code, or the signal that ended it. */
  exit_status: ['status'],
  /** A command on the host could not be run at all. */
  not_started: ['error'],
  /** Its health changed too often: it is held at the worst of late until it has been steady for a while. `word` is what it was then. */
  flapping: ['word'],
  /** A client without an agent has not sent a heartbeat in time. */
  silent: [],
  /** Somebody else has registered it in a Consul, and this check of it is not passing there. */
  foreign_check: ['check'],
  /** What a client without an agent says about itself. */
  heartbeat: [],
  /** Kubernetes has it among the endpoints of its Service that are to be called. */
  pod_ready: [],
  /** Kubernetes does not, and `cause` is its own word for it, such as ContainersNotReady, CrashLoopBackOff or Terminating. */
  pod_not_ready: ['cause'],
  contact_lost: [],
  /** Its agent is out of contact, or has missed a beat; others still saw it pass, and are named. */
  seen_alive: ['vantages'],
  /** Nobody else can look at it: it has no check, the check is on loopback (local), or nobody saw it pass lately (unseen). */
  no_vantage: ['cause'],
  /** Those who looked found neither that it lives nor that it is dead; `cause` says why (docs/contact.md). */
  cannot_tell: ['cause', 'vantages'],
  /** Routing of its site is held: machines of it were lost together. */
  site_held: ['site', 'until'],
  death_confirmed: ['how'],
  /** An operator took it out of service, or with `node` all of that node. */
  draining: ['node'],
  maintenance: ['node'],
  quarantined: ['node'],
  /** Its weight is 0: it gets no requests. */
  no_weight: [],
  /** The service is routed to another cluster only. */
  other_cluster: ['cluster'],
  /** The service is called by locality, and no word of its order fits where the instance is. */
  other_place: ['site', 'cluster'],
  /** The service is split, and it is on the other side. */
  other_side: ['service'],
  /** Another instance of the service is at the same address and port, and stands for both. */
  same_address: ['instance'],
} as const satisfies Record<string, readonly string[]>

export type ReasonCode = keyof typeof reasonParameters
export const reasonCodes = Object.keys(reasonParameters) as ReasonCode[]

/**
 * A code that this version does not know is kept and shown as it is: an agent may be newer than its plane, and a report must not fail for
 * a word.
 */
export const Reason = z.object({
  code: z
    .string()
    .check(z.regex(/^[a-z0-9_]{1,40}$/))
    .register(z.globalRegistry, { examples: reasonCodes }),
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
  if (a.code !== b.code) return false
  // Most have no parameters.
  return (a.params === undefined && b.params === undefined) || reasonText(a) === reasonText(b)
}
