import * as z from 'zod/mini'
import { interpret } from '#shared/probe/body.ts'
import { probeHttp } from '#shared/probe/http.ts'
import { softwareOf } from '#shared/probe/name.ts'
import { probe } from '#shared/probe/probe.ts'
import type { HttpProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { isHostSpec } from '../checks/host-spec.ts'
import { CheckConfig, probeOf } from '../checks/kinds.ts'
import type { FoundCheck } from './book.ts'
import type { Spoken } from './spoken.ts'

export type Target = { readonly address: string; readonly port: number; readonly speaks: Spoken }

export type Looking = {
  /** Where health is looked for, in this order; at least one. */
  readonly paths: readonly string[]
  readonly timeoutMs: number
  readonly stop: AbortSignal
}

/** What a server at a port answered. */
export type Seen = {
  /** The name in its answer, as it is written there; what it is, where it is Heddle's own. */
  readonly told: string | undefined
  readonly verdict: Verdict
  /** The check that suits it. */
  readonly check: FoundCheck
}

/** Asks a server once who and how it is, by every path until one has something to say. Never rejects. */
export async function look(target: Target, looking: Looking): Promise<Seen> {
  const { speaks } = target
  if (speaks !== 'http') return lookBy({ kind: speaks }, target, looking)
  const plain = await lookByHttp(target, looking, false)
  if (plain !== 'no http') return plain
  // A server of TLS answers plain text with an alert, or not at all.
  const secure = await lookByHttp(target, looking, true)
  return secure === 'no http' ? lookBy({ kind: 'tcp' }, target, looking) : secure
}

async function lookByHttp(target: Target, looking: Looking, tls: boolean): Promise<Seen | 'no http'> {
  let first: Seen | undefined
  for (const path of looking.paths) {
    const seen = await askPath(target, looking, path, tls)
    if (seen === 'no http') return first ?? seen
    if (!saysNothing(seen)) return seen
    first ??= seen
  }
  return first ?? 'no http'
}

async function askPath(
  { address, port }: Target,
  { timeoutMs, stop }: Looking,
  path: string,
  tls: boolean,
): Promise<Seen | 'no http'> {
  const secure = tls ? { tls } : {}
  // Nobody in particular is expected: what name it has is the question.
  const spec: HttpProbeSpec = { kind: 'http', address, port, path, timeoutMs, service: '', ...secure }
  let told: string | undefined
  const { verdict } = await probeHttp(spec, { signal: stop }, (answer) => {
    told = (softwareOf(answer) ?? interpret(answer, spec).names[0])?.slice(0, 100).toWellFormed()
  })
  const { code, params } = verdict.reason
  const noHttp = (code === 'bad_answer' && params?.error !== 'body too long') || code === 'reset'
  if (noHttp || (tls && code === 'unreachable')) return 'no http'
  return { told, verdict, check: { kind: 'http', path, ...secure } }
}

/** Whether another path may say more: this one is not there, or not for us. */
function saysNothing({ told, verdict: { reason } }: Seen): boolean {
  if (told !== undefined) return false
  const status = Number(reason.params?.status)
  return reason.code === 'no_health_endpoint' || (reason.code === 'http_status' && status >= 300 && status < 500)
}

async function lookBy(check: FoundCheck, { address, port }: Target, { timeoutMs, stop }: Looking): Promise<Seen> {
  const spec = probeOf(z.parse(CheckConfig, check), { address, port, service: '', aliases: [] })
  if (isHostSpec(spec)) throw new Error(`${spec.kind} is no look at a port`)
  const { verdict } = await probe({ ...spec, timeoutMs }, { signal: stop })
  return { told: undefined, verdict, check }
}

/** Those of the ports that take connections, tried at once. */
export async function acceptingPorts(
  address: string,
  ports: readonly number[],
  { timeoutMs, stop }: Looking,
): Promise<readonly number[]> {
  const found = await Promise.all(
    ports.map(async (port) => {
      const { verdict } = await probe({ kind: 'tcp', address, port, timeoutMs }, { signal: stop })
      return verdict.health === 'passing' ? [port] : []
    }),
  )
  return found.flat()
}
