import { Command, CommanderError } from 'commander'
import { shown } from '#shared/text/printable.ts'
import packageFile from '../package.json' with { type: 'json' }
import { addAdopt } from './commands/adopt.ts'
import { addApply } from './commands/apply.ts'
import { addAudit } from './commands/audit.ts'
import { addBackup, addRestore } from './commands/backup.ts'
import { addBreakGlass } from './commands/break-glass.ts'
import { addDeletions } from './commands/deletions.ts'
import { addDesired } from './commands/desired.ts'
import { addDiscovered } from './commands/discovered.ts'
import { addDoctor } from './commands/doctor.ts'
import { addDrain } from './commands/drain.ts'
import { addDrift } from './commands/drift.ts'
import { addEnvironment } from './commands/environment.ts'
import { addEnvoy } from './commands/envoy.ts'
import { addEvents } from './commands/events.ts'
import { addExplain } from './commands/explain.ts'
import { addFederation } from './commands/federation.ts'
import { addFreeze } from './commands/freeze.ts'
import { addDiff, addHistory, addRoutes } from './commands/history.ts'
import { addIdentity } from './commands/identity.ts'
import { addIgnore } from './commands/ignore.ts'
import { addImport } from './commands/import.ts'
import { addInstances } from './commands/instances.ts'
import { addLint } from './commands/lint.ts'
import { addLogLevel } from './commands/log-level.ts'
import { addMaintenance } from './commands/maintenance.ts'
import { addNodes } from './commands/nodes.ts'
import { addPlan } from './commands/plan.ts'
import { addRestart } from './commands/restart.ts'
import { addRollback } from './commands/rollback.ts'
import { addServices } from './commands/services.ts'
import { addSettings } from './commands/settings.ts'
import { addSplit } from './commands/split.ts'
import { addStatus } from './commands/status.ts'
import { addSweep } from './commands/sweep.ts'
import { addTenant } from './commands/tenant.ts'
import { addThaw } from './commands/thaw.ts'
import { addToken } from './commands/token.ts'
import { addUndrain } from './commands/undrain.ts'
import { addUpgrade } from './commands/upgrade.ts'
import { addUser } from './commands/user.ts'
import { addSchema, addValidate } from './commands/validate.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { globalOptions, type OpenSession, openSession, painter } from './session.ts'
import { showFailure } from './show/failure.ts'
import type { Terminal } from './terminal.ts'

/** In the order in which `heddle --help` lists them. */
const commands = [
  addStatus,
  addServices,
  addNodes,
  addInstances,
  addExplain,
  addFederation,
  addEvents,
  addDesired,
  addDrift,
  addLint,
  addDiscovered,
  addAdopt,
  addIgnore,
  addDrain,
  addMaintenance,
  addUndrain,
  addLogLevel,
  addRestart,
  addSettings,
  addRoutes,
  addValidate,
  addPlan,
  addApply,
  addHistory,
  addDiff,
  addRollback,
  addSplit,
  addSchema,
  addFreeze,
  addThaw,
  addSweep,
  addDeletions,
  addEnvironment,
  addTenant,
  addToken,
  addUser,
  addAudit,
  addBreakGlass,
  addBackup,
  addRestore,
  addImport,
  addDoctor,
  addIdentity,
  addEnvoy,
  addUpgrade,
]

const exitCodesHelp = `
Exit codes:
  0  done
  1  failed, a version was taken back, or a command that looks for faults found some (status --check, validate, drift, doctor ...)
  2  the command line is not valid
  3  the control plane cannot be reached
  4  there is no such instance, node or datacenter
  5  refused, or kept back by a freeze
  6  --wait: not every sink has proven the change in time, or an agent has not answered`

/** The whole command line, not yet run. */
export function createProgram(terminal: Terminal, open: OpenSession): Command {
  const program = new Command('heddle')
    .description('Shows and steers a fleet that Heddle looks after.')
    .version(packageFile.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out.write(shown(text, false)),
      writeErr: (text) => terminal.err.write(shown(text, false)),
      // Help has no colours, so nobody needs to ask the streams for them.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows what the command takes)')
    .addHelpText('after', exitCodesHelp)
  for (const option of globalOptions(terminal.environment)) program.addOption(option)
  for (const add of commands) add(program, open)
  return program
}

/**
 * Runs one command line and says how it ended; never throws.
 * @param args without the program's name
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const program = createProgram(terminal, (command) =>
    openSession(terminal, command, (wanted) => {
      code = wanted
    }),
  )
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (terminal.stop.aborted) return terminal.stop.reason === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted
    const asked = program.opts<{ readonly color?: boolean }>().color ?? true
    terminal.err.write(`${showFailure(error, painter(terminal.err.isTerminal, terminal.environment, asked))}\n`)
    return exitCodeOf(error)
  }
}
