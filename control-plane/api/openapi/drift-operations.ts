import { DriftView, RepairRequest, RepairView } from '#shared/protocol/drift.ts'
import type { ApiOperation } from './operation.ts'

/** What sinks truly show. */
export const driftOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/drift',
    id: 'getDrift',
    summary: 'What each sink truly shows now, against what it should: what is missing, changed or added.',
    answer: DriftView,
  },
  {
    method: 'post',
    path: '/drift/repair',
    id: 'repairDrift',
    unversioned: 'done',
    summary: 'Has sinks compare and set right what differs, now; those that are only observed are left alone.',
    body: RepairRequest,
    answer: RepairView,
  },
]
