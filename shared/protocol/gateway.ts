import * as z from 'zod/mini'

/** A file of a proxy's configuration. `path` is relative to the folder that the agent owns; one level, own prefix. */
export const GatewayFile = z.object({
  path: z.string().check(z.regex(/^heddle-[A-Za-z0-9._-]{1,100}\.(?:conf|json)$/)),
  content: z.string(),
  /** Where in the declaration it comes from: `file:line`. */
  source: z.optional(z.string()),
  /** The same for each resource in it, by name, where a file holds several. */
  sources: z.optional(z.record(z.string(), z.string())),
})
export type GatewayFile = z.infer<typeof GatewayFile>

/** What becomes of a file, or of one resource in it, that a proxy does not take. */
export const Quarantined = z.object({ path: z.string(), resource: z.optional(z.string()), error: z.string() })
export type Quarantined = z.infer<typeof Quarantined>

/** The kinds of proxies that take files. */
export const FileProxy = z.enum(['nginx', 'envoy'])
export type FileProxy = z.infer<typeof FileProxy>

/** A whole consistent set of files for one proxy. */
export const GatewayFiles = z.object({
  proxy: FileProxy,
  /** Hash of the content: equal content, equal version. */
  version: z.string(),
  /** The fleet's revision that it shows. */
  revision: z.int(),
  /** True when it takes away an endpoint that must not be called any more: it does not wait for the reload budget. */
  urgent: z.boolean(),
  files: z.array(GatewayFile),
  /** The access log that the proxy writes, an absolute path: its agent counts requests in it. */
  accessLog: z.optional(z.string()),
})
export type GatewayFiles = z.infer<typeof GatewayFiles>

/** What became of a set. */
export const GatewayOutcome = z.discriminatedUnion('state', [
  /**
   * The proxy serves it: proven, not only written. `quarantined` names files, or resources in them, that were left out or kept at their
   * last good state.
   */
  z.object({
    state: z.literal('proven'),
    version: z.string(),
    revision: z.int(),
    quarantined: z.array(Quarantined),
    reloaded: z.boolean(),
    /** From receiving the set to its proof. */
    tookMs: z.number(),
  }),
  /** The set was not taken; the last good one serves. `path` and `line` where the proxy named them. */
  z.object({
    state: z.literal('rejected'),
    version: z.string(),
    error: z.string(),
    path: z.optional(z.string()),
    line: z.optional(z.int()),
  }),
  /** Something that is not ours keeps the proxy from taking any change. */
  z.object({ state: z.literal('blocked'), version: z.string(), error: z.string() }),
  /** Waits for the reload budget. */
  z.object({ state: z.literal('waiting'), version: z.string(), waitMs: z.number() }),
])
export type GatewayOutcome = z.infer<typeof GatewayOutcome>
