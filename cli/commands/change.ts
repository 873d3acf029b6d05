import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ChangeView } from '#shared/protocol/change-api.ts'
import { waitForProof } from '../plane/wait.ts'
import type { Session } from '../session.ts'
import { showProgress, showProven } from '../show/progress.ts'
import { printable } from '../show/text.ts'

const clearLine = '\r\u001b[2K'

export function asOption(): Option {
  return new Option('--as <name>', 'who makes this change (default: your user name)').argParser(nameArgument)
}

export function reasonOption(): Option {
  return new Option('--reason <text>', 'why; everybody reads it').argParser(reasonArgument)
}

export function waitOption(): Option {
  return new Option('--wait', 'until every sink that applies changes has proven this one, at most --timeout')
}

/** The options of every change that sinks show. */
export function addChangeOptions(command: Command): Command {
  return command.addOption(asOption()).addOption(waitOption())
}

/** With --wait: waits until the sinks have proven the change, with one line of progress on a terminal. */
export async function settle(session: Session, { revision }: ChangeView, wait: boolean | undefined): Promise<void> {
  if (!wait) return
  const begun = performance.now()
  const since = () => performance.now() - begun
  let line = false
  const { deadline, stop } = session
  try {
    const proof = await waitForProof(session.plane, revision, {
      deadline,
      stop,
      onProgress: (progress) => {
        if (!session.errIsTerminal) return
        session.writeErr(`${clearLine}${showProgress(printable(progress), since())}`)
        line = true
      },
    })
    if (line) session.writeErr(clearLine)
    line = false
    session.note(showProven(printable(proof), since()))
  } finally {
    if (line) session.writeErr('\n')
  }
}

function nameArgument(text: string): string {
  if (text.trim() === '' || text.length > 100) throw new InvalidArgumentError('Expected 1 to 100 characters.')
  return text
}

function reasonArgument(text: string): string {
  if (text.trim() === '' || text.length > 500) throw new InvalidArgumentError('Expected 1 to 500 characters.')
  return text
}
