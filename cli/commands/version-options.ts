import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ApplyRequest } from '#shared/protocol/routing-api.ts'
import { countArgument, durationArgument, periodArgument } from '../arguments.ts'
import type { Session } from '../session.ts'

/** What every command takes that makes a version. */
export type VersionOptions = StageOptions & {
  readonly comment?: string
  readonly author?: string
  readonly ifVersion?: number
  readonly wait?: true
}

type StageOptions = {
  readonly canary?: true
  readonly stages?: readonly string[]
  readonly within?: number
  readonly soak?: number
  readonly maxErrors?: number
  readonly maxLatency?: number
  readonly leastRequests?: number
  readonly unproven?: readonly string[]
}

/** Who makes a version, why, and how it comes to the gateways, as options of the commands that make one. */
export function addVersionOptions(command: Command): Command {
  return command
    .addOption(commentOption())
    .addOption(authorOption())
    .addOption(versionOption())
    .addOption(new Option('--canary', 'one gateway first, then half of them, then all').conflicts('stages'))
    .option(
      '--stages <list>',
      'which gateways get it when, such as edge-test,50%,all; several at once are joined by +',
      listArgument,
    )
    .option('--within <duration>', 'a stage that is not proven after this is halted (default: 10m)', periodArgument)
    .option('--soak <duration>', 'a stage that is proven is watched for so long before the next', durationArgument)
    .option(
      '--max-errors <percent>',
      'of a hundred requests so many may fail; then a stage needs requests to be left',
      percentArgument,
    )
    .option('--max-latency <duration>', 'how long answers may take; then a stage needs requests', durationArgument)
    .option('--least-requests <n>', 'with fewer requests nothing is concluded (default: 20)', countArgument)
    .option('--unproven <gateways>', 'these need not prove it: their proxies are away', listArgument)
    .addOption(new Option('--wait', 'until it holds and is proven, or is taken back, at most --timeout'))
}

/** The same as the API takes them. */
export function requestOf(session: Session, comment: string, options: VersionOptions): Omit<ApplyRequest, 'files'> {
  const { canary, stages, within, soak, maxErrors, maxLatency, leastRequests, unproven } = options
  return {
    comment,
    by: session.author(options.author),
    stages: canary ? ['1', '50%', 'all'] : [...(stages ?? [])],
    within_ms: within ?? 600_000,
    soak_ms: soak ?? 0,
    least_requests: leastRequests ?? 20,
    unproven: [...(unproven ?? [])],
    ...(maxErrors === undefined ? {} : { most_error_percent: maxErrors }),
    ...(maxLatency === undefined ? {} : { most_latency_ms: maxLatency }),
  }
}

/** Who makes the version, under either name of the option. */
function authorOption(): Option {
  return new Option('--as, --author <name>', 'who makes this version (default: your user name)').argParser((text) => {
    if (text.trim() === '' || text.length > 100) throw new InvalidArgumentError('Expected 1 to 100 characters.')
    return text
  })
}

function commentOption(): Option {
  return new Option('--comment <text>', 'why; everybody reads it').argParser((text) => {
    if (text.trim() === '' || text.length > 500) throw new InvalidArgumentError('Expected 1 to 500 characters.')
    return text
  })
}

function versionOption(): Option {
  return new Option('--if-version <n>', 'refused unless this version holds; 0: none').argParser((text) => {
    if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected the number of a version, or 0.')
    return Number(text)
  })
}

function listArgument(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.some((part) => part === '')) throw new InvalidArgumentError('Expected parts with commas between them.')
  return parts
}

function percentArgument(text: string): number {
  const percent = Number(text.replace(/%$/, ''))
  if (text === '' || !(percent >= 0 && percent <= 100)) throw new InvalidArgumentError('Expected 0 to 100.')
  return percent
}
