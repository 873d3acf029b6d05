import * as z from 'zod/mini'
import { ChangeView } from '#shared/protocol/change-api.ts'
import {
  EnvironmentReleaseRequest,
  EnvironmentRequest,
  EnvironmentsQuery,
  EnvironmentView,
  TenantRequest,
  TenantView,
} from '#shared/protocol/environment-api.ts'
import type { ApiOperation } from './operation.ts'

export const environmentOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/tenants',
    id: 'listTenants',
    summary:
      'What each tenant has, what it may have, and how often more was refused. Who is bound to one sees that one.',
    answer: z.array(TenantView),
    refusals: [503],
  },
  {
    method: 'put',
    path: '/nodes/{id}/tenant',
    id: 'assignNode',
    summary: 'Says whose a node is that has no certificate that says it.',
    body: TenantRequest,
    answer: ChangeView,
    refusals: [403, 404, 409, 412, 503],
    marks: ['conditional'],
  },
  {
    method: 'get',
    path: '/environments',
    id: 'listEnvironments',
    summary: 'Environments of users, newest first.',
    query: EnvironmentsQuery,
    answer: z.array(EnvironmentView),
    refusals: [503],
    marks: ['paged'],
  },
  {
    method: 'post',
    path: '/environments',
    id: 'createEnvironment',
    unversioned: 'created',
    summary:
      'Makes the environment of a user: a user in Zervi, a part of a Basic Server and its permissions, all of it or nothing. The same call with the same Idempotency-Key makes one.',
    body: EnvironmentRequest,
    answer: EnvironmentView,
    refusals: [403, 409, 503],
  },
  {
    method: 'get',
    path: '/environments/{id}',
    id: 'getEnvironment',
    summary: 'One environment, and how far making or releasing it is.',
    answer: EnvironmentView,
    refusals: [404, 503],
    marks: ['versioned'],
  },
  {
    method: 'post',
    path: '/environments/{id}/release',
    id: 'releaseEnvironment',
    unversioned: 'done',
    summary: 'Takes an environment back: permissions, user and the part of the Basic Server. Repeated it is no error.',
    body: EnvironmentReleaseRequest,
    answer: EnvironmentView,
    refusals: [404, 503],
  },
]
