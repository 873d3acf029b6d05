import * as z from 'zod/mini'
import { SplitMovedView, SplitRequest, SplitView, WholeSplitView } from '#shared/protocol/split-api.ts'
import type { ApiOperation } from './operation.ts'

/** How new versions of services get their requests. */
export const splitOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/routing/splits',
    id: 'listSplits',
    summary: 'The services that are split, how far each one is, and what it waits for.',
    answer: z.array(SplitView),
    marks: ['versioned'],
  },
  {
    method: 'get',
    path: '/routing/splits/{service}',
    id: 'getSplit',
    summary: 'One split with its changes. Its ETag is their number.',
    answer: WholeSplitView,
    refusals: [404],
    marks: ['versioned'],
  },
  {
    method: 'post',
    path: '/routing/splits/{service}',
    id: 'steerSplit',
    summary: 'Starts, pauses, resumes, promotes or aborts a split; with `If-Match` only the one that was looked at.',
    body: SplitRequest,
    answer: SplitMovedView,
    refusals: [404, 409, 503],
    marks: ['conditional'],
  },
]
