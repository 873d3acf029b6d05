import * as z from 'zod/mini'
import {
  AdmissionRequest,
  ApproveRequest,
  ApproveView,
  ChangeView,
  EventsQuery,
  EventView,
  ExplainView,
  FreezeRequest,
  InstancesQuery,
  InstanceView,
  NodeView,
  PageQuery,
  ServiceView,
  StatusView,
  SweepRequest,
  SweepView,
} from '#shared/protocol/api.ts'
import { DecisionRequest, DecisionView, DiscoveredView } from '#shared/protocol/discovery.ts'
import { DiscoveryQuery, DiscoveryView, TargetsQuery, TargetsView } from '#shared/protocol/discovery-list.ts'
import { LintQuery, LintView } from '#shared/protocol/lint.ts'
import { ordersOperations } from './orders-operations.ts'

/** One operation of the API, as its document describes it. What it answers wrongly asked is a problem (RFC 9457) in any case. */
export type ApiOperation = {
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** Below `/v1`, with `{name}` for what varies. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query?: z.core.$ZodType
  readonly body?: z.core.$ZodType
  readonly answer: z.core.$ZodType
  /** Of the answer; JSON unless said. */
  readonly media?: string
  /** Statuses of refusals, besides the 400 of anything that takes input and the 500 that nothing should give. */
  readonly refusals?: readonly number[]
  /** paged: a part of a list, with the next one in `Link` · versioned: carries an ETag · conditional: minds `If-Match` */
  readonly marks?: readonly ('paged' | 'versioned' | 'conditional')[]
}

/** Every operation under `/v1` but those of the registry. A test holds it against the routers: what is not here is not served. */
export const operations: readonly ApiOperation[] = [
  { method: 'get', path: '/status', id: 'status', summary: 'The installation at a glance.', answer: StatusView },
  {
    method: 'get',
    path: '/services',
    id: 'listServices',
    summary: 'Services by name, with counts of their instances.',
    query: PageQuery,
    answer: z.array(ServiceView),
    marks: ['paged'],
  },
  {
    method: 'get',
    path: '/nodes',
    id: 'listNodes',
    summary: 'Nodes by id.',
    query: PageQuery,
    answer: z.array(NodeView),
    marks: ['paged'],
  },
  {
    method: 'get',
    path: '/nodes/{id}',
    id: 'getNode',
    summary: 'One node.',
    answer: NodeView,
    refusals: [404],
    marks: ['versioned'],
  },
  {
    method: 'get',
    path: '/instances',
    id: 'listInstances',
    summary: 'Instances by id. Filters that are given must all be met.',
    query: InstancesQuery,
    answer: z.array(InstanceView),
    marks: ['paged'],
  },
  {
    method: 'get',
    path: '/instances/{id}',
    id: 'getInstance',
    summary: 'One instance.',
    answer: InstanceView,
    refusals: [404],
    marks: ['versioned'],
  },
  {
    method: 'get',
    path: '/instances/{id}/explain',
    id: 'explainInstance',
    summary: 'Why an instance is routed or not, from its check to each sink.',
    answer: ExplainView,
  },
  {
    method: 'put',
    path: '/instances/{id}/admission',
    id: 'admitInstance',
    summary: 'Drains an instance, takes it into maintenance or quarantine, or admits it again.',
    body: AdmissionRequest,
    answer: ChangeView,
    refusals: [404, 412, 503],
    marks: ['conditional'],
  },
  {
    method: 'put',
    path: '/nodes/{id}/admission',
    id: 'admitNode',
    summary: 'The same for every instance of a node.',
    body: AdmissionRequest,
    answer: ChangeView,
    refusals: [404, 412, 503],
    marks: ['conditional'],
  },
  {
    method: 'get',
    path: '/discovered',
    id: 'listDiscovered',
    summary: 'What agents found on their hosts that nobody declared, and the ports that two claim.',
    answer: DiscoveredView,
  },
  {
    method: 'put',
    path: '/discovered/{id}',
    id: 'decideDiscovered',
    summary: 'Adopts something found as an instance, or ignores it; answered when its agent has that on its disk.',
    body: DecisionRequest,
    answer: DecisionView,
    refusals: [404, 409, 503],
  },
  {
    method: 'get',
    path: '/discovery',
    id: 'discover',
    summary:
      'Every instance that the fleet or a Consul knows, each once. With `index` it waits for another answer; as text/event-stream each comes when it is there.',
    query: DiscoveryQuery,
    answer: DiscoveryView,
    refusals: [503],
  },
  {
    method: 'get',
    path: '/discovery/prometheus',
    id: 'discoverTargets',
    summary: 'The same as targets for http_sd_configs of Prometheus.',
    query: TargetsQuery,
    answer: TargetsView,
  },
  ...ordersOperations,
  {
    method: 'get',
    path: '/events',
    id: 'listEvents',
    summary: 'What happened, oldest first; with follow=true one JSON object a line for as long as the caller stays.',
    query: EventsQuery,
    answer: z.array(EventView),
  },
  {
    method: 'post',
    path: '/freeze',
    id: 'freeze',
    summary: 'Stops all writers: nothing is published, not even removals.',
    body: FreezeRequest,
    answer: ChangeView,
    refusals: [503],
  },
  {
    method: 'post',
    path: '/thaw',
    id: 'thaw',
    summary: 'Lets the writers go on.',
    body: FreezeRequest,
    answer: ChangeView,
    refusals: [503],
  },
  {
    method: 'post',
    path: '/datacenters/{name}/sweep',
    id: 'sweep',
    summary: 'Lists what an owner has in a datacenter, or removes it while everything is frozen.',
    body: SweepRequest,
    answer: SweepView,
    refusals: [404, 409, 503],
  },
  {
    method: 'get',
    path: '/datacenters/{name}/lint',
    id: 'lint',
    summary: 'What is wrong with the records of others in a datacenter.',
    query: LintQuery,
    answer: LintView,
    refusals: [404, 503],
  },
  {
    method: 'post',
    path: '/datacenters/{name}/deletions',
    id: 'approveDeletions',
    summary: 'Lets the inferred deletions of a datacenter go that wait for an operator.',
    body: ApproveRequest,
    answer: ApproveView,
    refusals: [404],
  },
]
