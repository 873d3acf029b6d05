import { type Command, InvalidArgumentError } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import type { NamedRouteView } from '#shared/protocol/route-explain.ts'
import { momentOf, type Since, sinceArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import { findInstance, findNode } from '../plane/find.ts'
import { lookFound } from '../plane/find-found.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession, Session } from '../session.ts'
import { foundText, showExplain } from '../show/explain.ts'
import { showNamedRoute } from '../show/named-route.ts'
import { showRouteExplain } from '../show/route-explain.ts'
import { printable } from '../show/text.ts'
import { examples } from './examples.ts'

type Options = { readonly header: Readonly<Record<string, string>>; readonly gateway?: string; readonly at?: Since }

export function addExplain(program: Command, open: OpenSession): void {
  program
    .command('explain')
    .argument(
      '<what>',
      'an instance (its id, its name or the beginning of its id; of what others registered <datacenter>/<node>/<service id>), a route by its name, or a request: a URL or a path, after its method if that is not GET',
    )
    .argument('[name]', 'after a method the URL or path of a request; after "instance" or "route" the name of one')
    .description(
      'why an instance is routed or not, stage by stage and sink by sink; what a route does at each gateway; or what becomes of a request',
    )
    .option('-H, --header <name: value>', 'a header of the request; may come several times', takeHeader, {})
    .option('--gateway <name>', 'only this gateway (a request, a route)')
    .option(
      '--at <moment>',
      'as it was (an instance): a time ago (10m), a time (ISO 8601) or a revision',
      sinceArgument,
    )
    .addHelpText(
      'after',
      examples(
        'heddle explain crm-1a2b3c4d',
        'heddle explain route users',
        'heddle explain http://127.0.0.1:8080/api/users/7',
        "heddle explain POST /api/users -H 'x-version: 2' --gateway edge",
      ),
    )
    .action(async (what: string, name: string | undefined, options: Options, command: Command) => {
      const session = open(command)
      const asked = askedOf(what, name)
      if (options.at) return explainPast(session, asked, options.at)
      switch (asked.kind) {
        case 'request':
          return explainRequest(session, asked.method, asked.url, options)
        case 'route':
          return printRoute(session, await session.plane.explainRoute(asked.name), options)
        case 'instance':
          await explainInstance(session, asked.name)
          return
        case 'any':
          return explainNamed(session, asked.name, options)
      }
    })
}

type Asked =
  | { readonly kind: 'request'; readonly method: string; readonly url: string }
  | { readonly kind: 'instance' | 'route' | 'any'; readonly name: string }

const isAddress = /^(?:https?:\/)?\//i

function askedOf(what: string, name: string | undefined): Asked {
  if (name !== undefined && (what === 'instance' || what === 'route')) return { kind: what, name }
  if (name !== undefined && !isAddress.test(name)) {
    throw new Failure(
      'ARGUMENT_INVALID',
      `"${what} ${name}" cannot be explained: "${name}" is neither a URL nor a path`,
      {
        remedy:
          `Say \`instance <name>\`, \`route <name>\`, or a method with a URL or a path. ${what === 'node' ? ofNode(name) : ''}`.trim(),
      },
    )
  }
  if (name !== undefined) return { kind: 'request', method: what.toUpperCase(), url: name }
  return isAddress.test(what) ? { kind: 'request', method: 'GET', url: what } : { kind: 'any', name: what }
}

async function explainPast(session: Session, asked: Asked, at: Since) {
  if (asked.kind === 'request' || asked.kind === 'route') {
    throw new Failure('ARGUMENT_INVALID', '--at is for instances', {
      remedy: 'What routes there were at that time tells `heddle history` with `heddle diff`.',
    })
  }
  const view = await session.plane.explain(await idOf(session.plane, asked.name), momentOf(at, session.now()))
  session.print(view, showExplain)
  if (!view.known) session.exitWith(exitCodes.notFound)
}

/** Whether it is known. */
async function explainInstance(session: Session, name: string): Promise<boolean> {
  const view = await session.plane.explain(await idOf(session.plane, name))
  const found = view.known ? undefined : await lookFound(session.plane, name)
  session.print(view, showExplain)
  if (found) session.note(`\n${printable(foundText(found))}`)
  else if (!view.known && (await isNode(session.plane, name))) {
    session.note(`\n${printable(`${name} is a node. ${ofNode(name)}`)}`)
  }
  if (!view.known) session.exitWith(exitCodes.notFound)
  return view.known
}

/** A route's whole name goes before the beginning of an instance's id; what is both in full is not guessed. */
async function explainNamed(session: Session, name: string, options: Options) {
  const route = await session.plane.explainRoute(name)
  if (route.gateways.length > 0) {
    if (await isCalled(session.plane, name)) {
      throw new Failure('NAME_AMBIGUOUS', `${name} is both an instance and a route`, {
        remedy: `Say which: \`heddle explain instance ${name}\` or \`heddle explain route ${name}\`.`,
      })
    }
    return printRoute(session, route, options)
  }
  const known = await explainInstance(session, name)
  if (!known && route.near.length > 0) session.note(showNamedRoute(printable(route), session.style.err))
}

function printRoute(session: Session, view: NamedRouteView, { gateway }: Options) {
  const gateways = view.gateways.filter((each) => gateway === undefined || each.gateway === gateway)
  session.print({ ...view, gateways }, showNamedRoute)
  if (gateways.length === 0) session.exitWith(exitCodes.notFound)
}

/** Whether an instance has this id or this name, in full. */
async function isCalled(plane: Plane, name: string): Promise<boolean> {
  const instances = await plane.instances()
  return instances.some((each) => each.id === name || each.name.normalize() === name.normalize())
}

function ofNode(name: string): string {
  return `What it should do tells \`heddle desired ${name}\`, what it has \`heddle instances --node ${name}\`.`
}

/** Whether a node is called so; not if that cannot be read. */
async function isNode(plane: Plane, name: string): Promise<boolean> {
  try {
    await findNode(plane, name)
    return true
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
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
    if (await isNode(plane, name)) throw new Failure('NOT_FOUND', `${name} is a node`, { remedy: ofNode(name) })
    throw error
  }
}
