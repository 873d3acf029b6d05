import { type Command, Option } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession, Session } from '../session.ts'
import { showPlan } from '../show/plan.ts'
import { printable } from '../show/text.ts'
import { pathHelp, readDeclaration } from './declaration-files.ts'
import { examples } from './examples.ts'
import { settleVersion } from './follow-version.ts'
import { addVersionOptions, requestOf, type VersionOptions } from './version-options.ts'

type Options = VersionOptions & { readonly follow?: true; readonly abort?: true }

export function addApply(program: Command, open: OpenSession): void {
  const apply = program
    .command('apply')
    .argument('[path]', pathHelp)
    .description('makes a declaration of routes the newest version, and brings it to the gateways in stages')
  addVersionOptions(apply)
    .addOption(new Option('--follow', 'wait for the version that is on its way').conflicts(['abort', 'wait']))
    .addOption(new Option('--abort', 'take back the version that is on its way; --comment says why'))
    .addHelpText(
      'after',
      examples(
        "heddle apply routes/ --comment 'reports get their own route' --canary --wait",
        "heddle apply routes/ --comment 'new rate' --stages edge-test,50%,all --soak 5m --max-errors 1 --wait --timeout 1h",
        'heddle apply --follow --timeout 10m',
        "heddle apply --abort --comment 'wrong day'",
      ),
    )
    .action(async (path: string | undefined, options: Options, command: Command) => {
      const session = open(command)
      if (options.abort) await abort(session, options)
      else if (options.follow) await follow(session)
      else if (path === undefined) command.error('error: say which file or folder', { exitCode: exitCodes.usage })
      else if (options.comment === undefined) {
        command.error("error: required option '--comment <text>' not specified", { exitCode: exitCodes.usage })
      } else await applyFiles(session, path, options.comment, options)
    })
}

async function applyFiles(session: Session, path: string, comment: string, options: Options): Promise<void> {
  const { routing } = session.plane
  const files = await readDeclaration(path)
  const plan = await routing.plan({ files })
  if (!plan.valid || !session.json) session.note(showPlan(printable(plan), session.style.err))
  if (!plan.valid) {
    if (session.json) session.print(plan, showPlan)
    return session.exitWith(exitCodes.failed)
  }
  // What was shown above is what is applied: not beside a version that came meanwhile.
  const request = { files, ...requestOf(session, comment, options) }
  const applied = await routing.apply(request, options.ifVersion ?? plan.base ?? 0)
  await settleVersion(session, applied, options.wait ?? false)
}

async function abort(session: Session, { author, comment = '' }: Options): Promise<void> {
  const aborted = await session.plane.routing.abort({ by: session.author(author), reason: comment })
  await settleVersion({ ...session, exitWith: () => {} }, aborted, false)
}

async function follow(session: Session): Promise<void> {
  const { underway } = await session.plane.routing.state()
  if (!underway) throw new Failure('NOT_FOUND', 'no version is on its way', { remedy: 'Look at `heddle history`.' })
  await settleVersion(session, { changed: true, version: underway }, true)
}
