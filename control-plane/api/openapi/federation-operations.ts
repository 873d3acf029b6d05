import { DecisionQuery, FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import type { ApiOperation } from './operation.ts'

/** What is asked of the clusters together. */
export const federationOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/federation',
    id: 'getFederation',
    summary: 'How each cluster stands (health, AI capacity, load), from what, and which one answers by each rule.',
    answer: FederationView,
    marks: ['versioned'],
  },
  {
    method: 'get',
    path: '/federation/decision',
    id: 'decideCluster',
    summary: 'Which cluster answers a type of request, or the one that is wanted by `pin`, and why.',
    query: DecisionQuery,
    answer: FederationDecision,
    marks: ['versioned'],
  },
]
