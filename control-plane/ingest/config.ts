import * as z from 'zod/mini'
import { duration, httpUrl, port } from '#shared/config/fields.ts'
import { isRange } from '#shared/identity/ranges.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const share = () => z.number().check(z.gte(0), z.lte(1))
const count = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most))

/** How agents are judged. Durations in milliseconds once read. */
export const AgentsConfig = z.strictObject({
  /** A session that is gone for so long makes its node suspect. */
  suspect_after: z._default(duration(), 2 * second),
  /** So do this many missed beats. */
  missed_beats: z._default(count(1, 100), 2),
  /** From the end of the session to contact lost. */
  grace: z._default(duration(), minute),
  /** After a restart of the plane, nodes have this time to come back before they are suspect. */
  attach_grace: z._default(duration(), 15 * second),
  /** An instance whose death was confirmed so long ago is deregistered. */
  reaped_after: z._default(duration(), day),
  hold: z.prefault(
    z.strictObject({
      /** Machines lost within this time may have been lost together. */
      window: z._default(duration(), 10 * second),
      /** More than this share of a site's machines, and at least two, look like the network. */
      share: z._default(share(), 0.15),
      at_most: z._default(duration(), 10 * minute),
    }),
    {},
  ),
  vantages: z.prefault(
    z.strictObject({
      /** How often the plane and some agents look at each instance, to know who can see it. */
      survey_every: z._default(duration(second), 5 * minute),
      /** Who saw it pass within this time may judge it. */
      valid_for: z._default(duration(), 10 * minute),
      /** While contact is lost the vantages are asked again after this. */
      ask_every: z._default(duration(second), 10 * second),
      /** Agents on other machines that look at an instance, besides the plane. */
      agents: z._default(count(0, 10), 2),
      /** Probes under way at once. */
      at_once: z._default(count(1, 10_000), 200),
    }),
    {},
  ),
})
export type AgentsConfig = z.output<typeof AgentsConfig>

/** Old clients that can neither TLS nor tokens: they are answered without being known, as far as this lets them. */
const Plain = z.strictObject({
  address: z._default(z.string().check(z.minLength(1)), '127.0.0.1'),
  port: port(),
  /** The addresses from which they may come. */
  ranges: z
    .array(z.string().check(z.refine(isRange, { error: 'expected a range of addresses, such as 10.0.0.0/8' })))
    .check(z.minLength(1), z.maxLength(1_000)),
  /** The services that they may announce; `*` stands for any characters. */
  services: z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(1_000)),
  /** From then on nobody is answered. */
  until: z
    .string()
    .check(z.refine((text) => !Number.isNaN(Date.parse(text)), { error: 'expected a time such as 2027-06-30' })),
})
export type PlainConfig = z.output<typeof Plain>

/** How clients without an agent are judged, and what they are answered. */
export const ClientsConfig = z.strictObject({
  /** For so long a heartbeat (or a registration) counts. */
  heartbeat_lifetime: z._default(duration(second), 300 * second),
  /** How often clients are judged by their heartbeats. */
  judged_every: z._default(duration(second), 30 * second),
  /** How often all is swept: who is silent is inactive. */
  swept_every: z._default(duration(second), 5 * minute),
  /** A client that is silent for so long is deregistered. */
  reaped_after: z._default(duration(), 7 * day),
  /** The largest body that is read. */
  most_body_kib: z._default(count(1, 16 * 1024), 256),
  /** The same for up to 1,000 operations in one. */
  most_batch_kib: z._default(count(1, 16 * 1024), 2 * 1024),
  /** The name by which `GET /health` calls itself. */
  service_name: z._default(z.string().check(z.minLength(1), z.maxLength(100)), 'looma-crm'),
  /** The services that `GET /health` reports, and how they are looked at. */
  zervigo: z.prefault(
    z.strictObject({
      /** The names of services, by the names under which they are reported. */
      services: z._default(z.record(z.string(), z.string()), {
        auth: 'unified-auth',
        resume: 'resume-service',
        job: 'job-service',
        company: 'company-service',
        user: 'user-service',
      }),
      /** Where they are, by the names under which they are reported; who is not named here is looked for among the registered. */
      urls: z._default(z.record(z.string(), httpUrl()), {}),
      every: z._default(duration(second), 15 * second),
      timeout: z._default(duration(), 2 * second),
    }),
    {},
  ),
  /** A listener of their own for old clients; left out: there is none. */
  plain: z.optional(Plain),
  /** What cluster managers hand over to be kept in step: how much of it may be pending, and for how long. */
  sync: z.prefault(
    z.strictObject({
      most_tasks: z._default(count(0, 1_000_000), 10_000),
      most_megabytes: z._default(count(0, 100_000), 64),
      kept_for: z._default(duration(second), 7 * day),
    }),
    {},
  ),
})
export type ClientsConfig = z.output<typeof ClientsConfig>

/** Settings of everything that tells the plane what happened. */
export const IngestConfig = z.strictObject({
  agents: z.prefault(AgentsConfig, {}),
  clients: z.prefault(ClientsConfig, {}),
})
export type IngestConfig = z.output<typeof IngestConfig>
