import type { Command } from 'commander'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { DriftView } from '#shared/protocol/drift.ts'
import { printable } from '#shared/text/printable.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession, Session } from '../session.ts'
import { showDrift } from '../show/drift.ts'
import { examples } from './examples.ts'

type Options = { readonly repair: boolean; readonly sink: readonly string[]; readonly as?: string }

/** How long a repair may take before what is left is told. */
const repairWithinMs = 10_000
const lookEveryMs = 500

export function addDrift(program: Command, open: OpenSession): void {
  program
    .command('drift')
    .description('what each sink truly shows, against what it should; exits with 1 if anything differs')
    .option('--repair', 'have what differs set right, and look again', false)
    .option('--sink <name>', 'only this one, such as consul:zervigo-dc; may be given several times', collect, [])
    .option('--as <name>', 'who signs the repair')
    .addHelpText('after', examples('heddle drift', 'heddle drift --repair', 'heddle drift --json --sink nginx:edge'))
    .action(async ({ repair, sink, as }: Options, command: Command) => {
      const session = open(command)
      let found = await look(session, sink)
      if (repair && isDrifted(found)) found = await repaired(session, found, session.author(as), sink)
      session.print(found, showDrift)
      if (isDrifted(found)) session.exitWith(exitCodes.failed)
    })
}

async function look({ plane }: Session, only: readonly string[]): Promise<DriftView> {
  const found = await plane.drift()
  return only.length === 0 ? found : { ...found, sinks: found.sinks.filter(({ name }) => only.includes(name)) }
}

/** Asks for the repair, and looks until nothing that can be repaired differs, or its time is over. */
async function repaired(session: Session, before: DriftView, by: string, only: readonly string[]): Promise<DriftView> {
  const sinks = before.sinks.flatMap(({ name, state }) => (state === 'drifted' ? [name] : []))
  const { asked, left } = await session.plane.repair({ by, sinks })
  for (const { name, why } of left) session.note(printable(`${name} is not repaired: ${why}`))
  const until = performance.now() + Math.min(repairWithinMs, session.deadline.leftMs() / 2)
  let found = await look(session, only)
  const waits = () => found.sinks.some(({ name, state }) => asked.includes(name) && state !== 'equal')
  while (waits() && performance.now() < until && !session.stop.aborted) {
    await pause(lookEveryMs, session.stop)
    found = await look(session, only)
  }
  return found
}

function isDrifted({ sinks }: DriftView): boolean {
  return sinks.some(({ state }) => state === 'drifted')
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}
