import * as z from 'zod/mini'
import { ImportRequest, ImportView } from '#shared/protocol/registry-import.ts'
import type { ApiOperation } from './operation.ts'

// The registry's calls, which exist under /v1 and, for clients of old, without it. What they take is read by adapters of many shapes
// (docs/registry.md): here stands the first of them.

const text = z.string().check(z.minLength(1), z.maxLength(200))
const page = {
  limit: z.optional(z.coerce.number().check(z.multipleOf(1), z.gte(1), z.lte(1000))),
  offset: z.optional(z.coerce.number().check(z.multipleOf(1), z.gte(0))),
}
const Registration = z.looseObject({
  service_name: text,
  service_type: z.optional(text),
  instance_id: z.optional(text),
  node_id: z.optional(text),
  address: text,
  port: z.int().check(z.gte(1), z.lte(65535)),
  metadata: z.optional(z.record(z.string(), z.unknown())),
})
const Measurements = z.looseObject({ metrics: z.optional(z.record(z.string(), z.number())) })
const Heartbeat = z.looseObject({ health: z.optional(text), metrics: z.optional(z.record(z.string(), z.number())) })
const Batch = z.object({
  operations: z
    .array(z.looseObject({ op: z.enum(['register', 'heartbeat', 'deregister', 'metrics']), id: z.optional(text) }))
    .check(z.maxLength(1000)),
})
const NodeRegistration = z.looseObject({ node_id: text, node_name: z.optional(text), host_address: z.optional(text) })
const Answer = z.looseObject({ success: z.optional(z.boolean()) })

/** Every call of the registry under `/v1/cluster`, as its document describes it. */
export const registryOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/cluster/status',
    id: 'clusterStatus',
    summary: 'Counts by status and health, nodes, datacenters, leader, revision.',
    answer: Answer,
  },
  {
    method: 'get',
    path: '/cluster/services',
    id: 'clusterServices',
    summary: 'Instances that are registered and active, unless asked otherwise.',
    query: z.object({
      ...page,
      type: z.optional(text),
      status: z.optional(text),
      health: z.optional(text),
      cluster_id: z.optional(text),
    }),
    answer: Answer,
  },
  {
    method: 'post',
    path: '/cluster/register',
    id: 'register',
    summary: 'Registers an instance, or changes it. The same twice changes nothing.',
    body: Registration,
    answer: Answer,
    refusals: [403, 409, 412, 503],
    marks: ['versioned', 'conditional'],
  },
  {
    method: 'post',
    path: '/cluster/heartbeat/{id}',
    id: 'heartbeat',
    summary: 'Renews an instance; may say its health and its metrics.',
    body: Heartbeat,
    answer: Answer,
    refusals: [403, 404, 409, 412, 503],
    marks: ['versioned', 'conditional'],
  },
  {
    method: 'delete',
    path: '/cluster/deregister/{id}',
    id: 'deregister',
    summary: 'Removes an instance. Of one that is not there it is no failure.',
    answer: Answer,
    refusals: [403, 409, 412, 503],
    marks: ['conditional'],
  },
  {
    method: 'post',
    path: '/cluster/metrics/{id}',
    id: 'saveMetrics',
    unversioned: 'renewed',
    summary: 'Keeps measured values.',
    body: Measurements,
    answer: Answer,
    refusals: [403, 404, 409],
  },
  {
    method: 'get',
    path: '/cluster/metrics/{id}',
    id: 'queryMetrics',
    summary: 'Measured values by name and time.',
    query: z.object({ name: z.optional(text), from: z.optional(text), to: z.optional(text), step: z.optional(text) }),
    answer: Answer,
    refusals: [404],
  },
  {
    method: 'post',
    path: '/cluster/batch',
    id: 'batch',
    unversioned: 'done',
    summary: 'Up to 1,000 operations, each with a result of its own.',
    body: Batch,
    answer: z.looseObject({}),
    refusals: [503],
  },
  {
    method: 'post',
    path: '/cluster/import',
    id: 'importRows',
    unversioned: 'done',
    summary:
      'Up to 1,000 rows of one table of a former registry, each taken or not by itself. What is there stays unless asked otherwise.',
    body: ImportRequest,
    answer: ImportView,
    refusals: [503],
  },
  {
    method: 'get',
    path: '/cluster/nodes',
    id: 'clusterNodes',
    summary: 'Nodes, as cluster managers ask for them.',
    query: z.object(page),
    answer: Answer,
  },
  {
    method: 'post',
    path: '/cluster/nodes',
    id: 'registerNode',
    summary: 'Registers a node.',
    body: NodeRegistration,
    answer: Answer,
    refusals: [403, 409, 412, 503],
    marks: ['versioned', 'conditional'],
  },
  {
    method: 'get',
    path: '/cluster/nodes/{id}',
    id: 'clusterNode',
    summary: 'One node.',
    answer: Answer,
    refusals: [404],
    marks: ['versioned'],
  },
  {
    method: 'delete',
    path: '/cluster/nodes/{id}',
    id: 'unregisterNode',
    summary: 'Removes a node that a client registered.',
    answer: Answer,
    refusals: [403, 404, 409, 412, 503],
    marks: ['conditional'],
  },
]
