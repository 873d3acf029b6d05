import * as z from 'zod/mini'

/** The kinds of resources that an Envoy is given, as Heddle calls them. */
export const RunsKind = z.enum(['cluster', 'endpoints', 'secret', 'listener', 'routes'])
export type RunsKind = z.infer<typeof RunsKind>

const text = (most: number) => z.string().check(z.maxLength(most))

/** One resource that an Envoy runs, or has and does not use yet. */
export const Runs = z.object({
  kind: RunsKind,
  name: text(1000),
  /** given: by discovery · own: it stands in its own bootstrap · warming: it is not used yet */
  from: z.enum(['given', 'own', 'warming']),
  /** As it was given; empty where Envoy does not say it. */
  version: text(200),
  /** Of what it says, see `Digest`; empty where Envoy does not show it. */
  digest: text(64),
})
export type Runs = z.infer<typeof Runs>

/** What one Envoy says that it runs, by its own configuration dump. */
export const EnvoyRuns = z.object({
  /** Its name of itself, `node.id`. */
  envoy: text(500),
  /** More than fit are left out; `more` says how many. */
  resources: z.array(Runs).check(z.maxLength(5000)),
  more: z.int().check(z.gte(0)),
  /** The endpoints of the services that were asked for, see `endpointKey`. */
  endpoints: z.record(text(1000), z.array(text(300)).check(z.maxLength(20_000))),
})
export type EnvoyRuns = z.infer<typeof EnvoyRuns>
