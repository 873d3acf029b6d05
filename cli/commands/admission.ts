import type { Command } from 'commander'
import type { Admission } from '#shared/protocol/messages.ts'
import { findTarget } from '../plane/find.ts'
import { gatewaysText, waitForGateways } from '../plane/wait-for-gateways.ts'
import type { OpenSession } from '../session.ts'
import { showAdmission } from '../show/changes.ts'
import { printable } from '../show/text.ts'
import { settle } from './change.ts'

export const targetHelp = 'an instance or a node: its id, its name or the beginning of its id'

export type AdmissionOptions = {
  readonly reason?: string
  readonly for?: number
  readonly as?: string
  readonly wait?: boolean
}

/** Sets the admission of an instance, or of a node with all that is on it, now and later. */
export async function admit(
  admission: Admission,
  name: string,
  options: AdmissionOptions,
  command: Command,
  open: OpenSession,
): Promise<void> {
  const session = open(command)
  const target = await findTarget(session.plane, name)
  const change = await session.plane.admit(target, {
    admission,
    reason: options.reason ?? '',
    by: session.author(options.as),
    ...(options.for === undefined ? {} : { expires_in_ms: options.for }),
  })
  session.print(change, (view) => showAdmission(view, admission, target))
  await settle(session, change, options.wait)
  if (options.wait !== true || target.kind !== 'node') return
  const gateways = await waitForGateways(session.plane, target.id, session)
  if (gateways) session.note(printable(gatewaysText(gateways)))
}
