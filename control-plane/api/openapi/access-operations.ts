import * as z from 'zod/mini'
import { AccessView, TokenMadeView, TokenRequest, TokenRevokeRequest, TokenView } from '#shared/access/api.ts'
import { AuditQuery, AuditView } from '#shared/audit/api.ts'
import type { ApiOperation } from './operation.ts'

export const accessOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/access',
    id: 'getAccess',
    summary: 'Who asks, as the plane has it, and what it may do.',
    answer: AccessView,
  },
  {
    method: 'get',
    path: '/tokens',
    id: 'listTokens',
    summary:
      'Tokens of the API, newest first, without their secrets; those that ended a month ago are not there any more.',
    answer: z.array(TokenView),
    refusals: [503],
  },
  {
    method: 'post',
    path: '/tokens',
    id: 'makeToken',
    unversioned: 'created',
    summary: 'Makes a token, which is told this once. It may do no more than who makes it.',
    body: TokenRequest,
    answer: TokenMadeView,
    refusals: [401, 403, 503],
  },
  {
    method: 'post',
    path: '/tokens/{id}/revoke',
    id: 'revokeToken',
    unversioned: 'done',
    summary: 'Ends a token. Other planes refuse it within two seconds.',
    body: TokenRevokeRequest,
    answer: TokenView,
    refusals: [404, 503],
  },
  {
    method: 'get',
    path: '/audit',
    id: 'listAudit',
    summary: 'Who changed what, oldest first, each row with the hash of it and of all before it.',
    query: AuditQuery,
    answer: AuditView,
    refusals: [503],
    marks: ['paged'],
  },
]
