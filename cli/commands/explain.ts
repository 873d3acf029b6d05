import { type Command, InvalidArgumentError } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { momentOf, type Since, sinceArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import { findInstance } from '../plane/find.ts'
import { lookFound } from '../plane/find-found.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession, Session } from '../session.ts'
import { foundText, showExplain } from '../show/explain.ts'
import { showRouteExplain } from '../show/route-explain.ts'
import { printable } from '../show/text.ts'
import { examples } from './examples.ts'

type Options = { readonly header: Readonly<Record<string, string>>; readonly gateway?: string; readonly at?: Since }

export function addExplain(program: Command, open: OpenSession): void {
  program
    .command('explain')
    .argument(
      '<what>',
      'an instance (its id, its name or the beginning of its id; of what others registered <datacenter>/<node>/<service id>), or a request: a URL or a path, after its method if that is not GET',
    )
    .argument('[url]', 'the URL or path of a request whose method comes first')
    .description('why an instance is routed or not, stage by stage and sink by sink; or what becomes of a request')
    .option('-H, --header <name: value>', 'a header of the request; may come several times', takeHeader, {})
    .option('--gateway <name>', 'only this gateway (a request)')
    .option(
      '--at <moment>',
      'as it was (an instance): a time ago (10m), a time (ISO 8601) or a revision',
      sinceArgument,
    )
    .addHelpText(
      'after',
      examples(
        'heddle explain crm-1a2b3c4d',
        'heddle explain http://127.0.0.1:8080/api/users/7',
        "heddle explain POST /api/users -H 'x-version: 2' --gateway edge",
      ),
    )
    .action(async (what: string, url: string | undefined, options: Options, command: Command) => {
      const session = open(command)
      if (options.at) return explainPast(session, what, url, options.at)
      if (url !== undefined) return explainRequest(session, what.toUpperCase(), url, options)
      if (/^(?:https?:\/)?\//i.test(what)) return explainRequest(session, 'GET', what, options)
      const view = await session.plane.explain(await idOf(session.plane, what))
      const found = view.known ? undefined : await lookFound(session.plane, what)
      session.print(view, showExplain)
      if (found) session.note(`\n${printable(foundText(found))}`)
      if (!view.known) session.exitWith(exitCodes.notFound)
    })
}

async function explainPast(session: Session, what: string, url: string | undefined, at: Since) {
  if (url !== undefined || /^(?:https?:\/)?\//i.test(what)) {
    throw new Failure('ARGUMENT_INVALID', '--at is for instances', {
      remedy: 'What routes there were at that time tells `heddle history` with `heddle diff`.',
    })
  }
  const view = await session.plane.explain(await idOf(session.plane, what), momentOf(at, session.now()))
  session.print(view, showExplain)
  if (!view.known) session.exitWith(exitCodes.notFound)
}

async function explainRequest(session: Session, method: string, url: string, { header, gateway }: Options) {
  const request = { method, url, headers: header, ...(gateway === undefined ? {} : { gateway }) }
  const view = await session.plane.explainRequest(request)
  session.print(view, showRouteExplain)
  if (view.gateways.length === 0) session.exitWith(exitCodes.notFound)
}

function takeHeader(text: string, known: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("expected a header such as 'x-version: 2'")
  return { ...known, [name.toLowerCase()]: value }
}

/**
 * A name that fits nothing is asked for as it is: sinks may still show what the fleet no longer knows, and what others have registered
 * in a Consul is called `<datacenter>/<node>/<service id>`.
 */
async function idOf(plane: Plane, name: string): Promise<string> {
  try {
    return await findInstance(plane, name)
  } catch (error) {
    if (
      error instanceof Failure &&
      error.code === 'NOT_FOUND' &&
      /^[A-Za-z0-9._:@-]+$|^[^/]+\/[^/]+\/[^/]+$/u.test(name)
    )
      return name
    throw error
  }
}
