import type { AppliedView, RoutesView, VersionView, WholeVersionView } from '#shared/protocol/routing-api.ts'
import { age } from './age.ts'
import type { Colour, Style } from './style.ts'
import { type Cell, table } from './table.ts'
import { list, printable } from './text.ts'

const colours: Readonly<Record<VersionView['state'], Colour>> = {
  staged: 'doubtful',
  applied: 'good',
  halted: 'bad',
  'rolled-back': 'faint',
}

/** The versions of the declaration, newest first, each with why it was taken back. */
export function showHistory(versions: readonly VersionView[], style: Style): string {
  if (versions.length === 0) return 'There is no version of the declaration yet.'
  const rows = versions.map(({ number, state, holds, author, at, comment }): Cell[] => [
    String(number),
    { text: holds ? 'holds' : state, colour: holds || state !== 'applied' ? colours[state] : 'faint' },
    age(at, style.now),
    author,
    comment,
  ])
  const heads = ['VERSION', 'STATE', 'AGE', 'AUTHOR', 'COMMENT'].map((head) => ({ head }))
  const remarks = versions.flatMap(({ number, why, restores, rejected }) => [
    ...(restores === null ? [] : [`${number} brings version ${restores} back`]),
    ...(why === '' ? [] : [`${number}: ${why}`]),
    ...rejected.map((text) => `${number} is rejected in part: ${text}`),
  ])
  const told =
    remarks.length === 0 ? '' : `\n\n${style.paint('Remarks', 'strong')}\n${remarks.map(indented).join('\n')}`
  return `${table(heads, rows, style)}${told}`
}

/** One version, as the plane says it: who, why, how far, and its files, whose lines stay lines. */
export function showVersion(version: WholeVersionView, style: Style): string {
  const files = version.files.map(({ file, text }) => {
    const lines = text.trimEnd().split(/\r?\n/)
    return [style.paint(`--- ${printable(file)}`, 'strong'), ...lines.map(printable)].join('\n')
  })
  return [showProgress(printable(version), style), ...files].join('\n\n')
}

/** What becomes of a version: its stages, and what the one under way waits for. */
export function showProgress(version: VersionView, style: Style): string {
  const { number, state, holds, author, comment, at, stages, waiting_for, why, rejected } = version
  const word = holds ? 'holds' : state
  const head = `Version ${number} ${word === 'holds' ? word : `is ${word}`} (${author}, ${age(at, style.now)} ago): ${comment}`
  return [
    style.paint(head, holds ? 'good' : colours[state]),
    ...stages.map(
      ({ name, gateways, state }) => `  ${state.padEnd(8)} ${name}: ${list(gateways) || 'no further gateway'}`,
    ),
    ...waiting_for.map((text) => `  waits: ${text}`),
    ...(why === '' ? [] : [`  why: ${why}`]),
    ...rejected.map((text) => `  rejected: ${text}`),
  ].join('\n')
}

export function showApplied({ changed, version }: AppliedView, style: Style): string {
  if (changed) return showProgress(version, style)
  return `Nothing changed: version ${version.number} of ${version.author} has just these files.`
}

/** One line while a version is on its way. */
export function showStep({ number, stages, waiting_for }: VersionView): string {
  const index = stages.findIndex(({ state }) => state === 'underway')
  const stage = stages[index]
  const where = stage ? `stage ${index + 1} of ${stages.length} (${stage.name})` : 'on its way'
  const [first, ...more] = waiting_for
  const waits = first === undefined ? '' : `; ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`
  return `version ${number}: ${where}${waits}`
}

/** The routes of a gateway in the order in which they are tried. */
export function showRoutes({ gateway, proxy, version, routes }: RoutesView, style: Style): string {
  const head = style.paint(`${gateway} (${proxy}), version ${version}`, 'strong')
  if (routes.length === 0) return `${head}: no routes.`
  const heads = ['NAME', 'MATCH', 'TO', 'PATH', 'ACCESS', 'CALLABLE', 'POLICY', 'SOURCE'].map((each) => ({
    head: each,
  }))
  const rows = routes.map(({ name, match, besides, to, path, access, endpoints, policy, source }): Cell[] => [
    name,
    [match, ...besides].join(', '),
    to,
    path,
    access,
    endpoints === null ? '-' : { text: String(endpoints), colour: endpoints === 0 ? 'bad' : undefined },
    policy.join(', '),
    source,
  ])
  return `${head}\n\n${table(heads, rows, style)}`
}

function indented(line: string): string {
  return `  ${line}`
}
