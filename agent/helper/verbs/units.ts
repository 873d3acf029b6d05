import * as z from 'zod/mini'
import { runCommand } from '../../checks/run-command.ts'
import { type HelperConfig, type UnitToAllow, unitName } from '../config.ts'
import { type Given, type Verb, verb } from '../verb.ts'

type Asking = 'restart' | 'reload'

/** Has systemd restart a unit of the list `restart`. */
export const restartUnit = unitVerb('restart')
/** Has systemd reload a unit of the list `reload`: a proxy reads its files anew. */
export const reloadUnit = unitVerb('reload')

function unitVerb(name: Asking): Verb {
  return verb({
    name,
    asked: z.strictObject({ unit: unitName }),
    refusal: ({ unit }, list) =>
      allowedUnit(name, unit, list) ? undefined : `${unit} is not in the list of what the helper may ${name}`,
    // systemctl is ended first, and what it said is told.
    mostMs: ({ unit }, list) => (allowedUnit(name, unit, list)?.timeout ?? 0) + 2_000,
    async run({ unit }, list, stop) {
      const allowed = allowedUnit(name, unit, list)
      if (!allowed) throw new Error('it is no longer in the list')
      return askSystemd(name, allowed, list.systemctl, stop)
    },
  })
}

function allowedUnit(name: Asking, unit: string, list: HelperConfig): UnitToAllow | undefined {
  return list[name].find((each) => each.unit === unit)
}

/** The name that is handed on is the list's. */
async function askSystemd(name: Asking, allowed: UnitToAllow, systemctl: string, stop: AbortSignal): Promise<Given> {
  const run = [systemctl, '--no-ask-password', name, '--', allowed.unit]
  const ended = await runCommand(run, allowed.timeout, stop, { keep: 'end', leaveBehind: true })
  switch (ended.kind) {
    case 'ended':
      return { state: ended.code === 0 ? 'done' : 'failed', code: ended.code, output: ended.output }
    case 'killed':
      return { state: 'failed', why: `systemctl was ended by ${ended.signal}`, output: ended.output }
    case 'timeout':
      return { state: 'timed-out', why: `systemd was not done within ${allowed.timeout} ms`, output: ended.output }
    case 'not-started':
      return { state: 'failed', why: `systemctl could not be started: ${ended.error}`, output: '' }
    case 'given-up':
      return { state: 'interrupted', why: 'the helper ended, or the time was up', output: '' }
  }
}
