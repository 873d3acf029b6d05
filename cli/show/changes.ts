import type { ApproveView, ChangeView, SweepView } from '#shared/protocol/api.ts'
import type { Admission } from '#shared/protocol/messages.ts'
import type { Style } from './style.ts'
import { count, list } from './text.ts'

/** What became of a change of admission. */
export function showAdmission({ changed, revision, instances = [] }: ChangeView, admission: Admission): string {
  if (instances.length === 0) return 'Nothing changed: there are no instances on this node.'
  const verb = instances.length === 1 ? 'is' : 'are'
  const what = `${list(instances)} ${verb} ${admission}`
  return changed ? `${what} as of revision ${revision}.` : `Nothing changed: ${what} already (revision ${revision}).`
}

export function showFreeze({ changed, revision }: ChangeView, frozen: boolean): string {
  const what = frozen ? 'every sink keeps what it has' : 'every sink follows the fleet again'
  return changed ? `As of revision ${revision} ${what}.` : `Nothing changed: ${what} already (revision ${revision}).`
}

export function showSweep({ datacenter, owner, applied, records, left }: SweepView, { paint }: Style): string {
  const found = `${count(records.length, 'record')} of owner ${owner} in ${datacenter}`
  const head = records.length === 0 ? `There are no records of owner ${owner} in ${datacenter}.` : `${found}:`
  const lines = [head, ...records.map((record) => `  ${record}`)]
  if (left.length > 0) lines.push(paint('Not removed:', 'bad'), ...left.map((record) => `  ${record}`))
  if (records.length > 0) {
    const removed = left.length === 0 ? 'All of them are removed.' : 'The others are removed.'
    lines.push(applied ? removed : 'Nothing was removed. While frozen, --apply removes them.')
  }
  return lines.join('\n')
}

export function showApproval({ datacenter, approved }: ApproveView): string {
  if (approved === 0) return `No deletion waits in ${datacenter}.`
  return `${count(approved, 'deletion')} in ${datacenter} may go on.`
}
