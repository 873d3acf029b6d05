import type { ApproveView, ChangeView, SweepView } from '#shared/protocol/change-api.ts'
import type { Admission } from '#shared/protocol/messages.ts'
import type { Target } from '../plane/name.ts'
import type { Style } from './style.ts'
import { count, list } from './text.ts'

/** What became of a change of admission, and who goes by another order. */
export function showAdmission(change: ChangeView, admission: Admission, { kind, id }: Target): string {
  const { changed, revision, instances = [], otherwise = [] } = change
  const others = new Set(otherwise.map(({ instance }) => instance))
  const along = instances.filter((instance) => !others.has(instance))
  const itself = kind === 'instance' && along.length === 0 ? ' itself' : ''
  const company = [...along, ...(admission === 'active' ? [] : ['what comes to it'])]
  const whole = kind === 'node' && company.length > 0 ? `, with ${list(company)}` : ''
  const what = `${id}${itself} is ${admission}`
  return [
    changed
      ? `${what} as of revision ${revision}${whole}.`
      : `Nothing changed: ${what} already (revision ${revision}).`,
    ...otherwise.map(({ instance, admission, node }) =>
      node === undefined
        ? `${instance} stays ${admission}, by an order of its own.`
        : `${instance} stays ${admission}, as all that is on node ${node}.`,
    ),
  ].join('\n')
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
