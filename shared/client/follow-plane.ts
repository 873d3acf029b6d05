import { readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { backoffMs } from '../lifecycle/backoff.ts'
import { repeat } from '../lifecycle/repeat.ts'
import { DiscoveryView } from '../protocol/discovery-list.ts'
import { FederationView } from '../protocol/federation.ts'
import type { Callable } from './callable.ts'
import type { Knowledge } from './knowledge.ts'

export type FollowOptions = {
  /** Addresses of planes; the next one is asked when one does not answer. */
  readonly planes: readonly string[]
  readonly tokenFile?: string | undefined
  readonly knowledge: Knowledge
  /** Hears of instances that can be called now and could not before. */
  readonly onNews: (service: string, callables: readonly Callable[]) => void
  readonly onFailure: (error: unknown) => void
  readonly stop: AbortSignal
}

/** How long the plane may keep a question open, and how much longer until it counts as not answering. */
const waitMs = 30_000
const patienceMs = 10_000
const federationEveryMs = 2_000
const backoff = { firstMs: 250, mostMs: 5_000 }
/** Between two answers, so that a plane with much news is not asked all the time. */
const restMs = 20

const afterFailureMs = (failures: number) => backoffMs(backoff, failures, Math.random())

/** Follows one service: each answer is asked for as soon as there is another one. Ends with `stop`. */
export async function followService(service: string, options: FollowOptions): Promise<void> {
  const { planes, knowledge, onNews, onFailure, stop } = options
  let turn = 0
  let index: string | undefined
  const step = async () => {
    const query = new URLSearchParams({ service, ...(index === undefined ? {} : { index, wait: `${waitMs}ms` }) })
    try {
      const response = await ask(`${planeOf(planes, turn)}/v1/discovery?${query}`, await credentials(options), stop)
      if (!response.ok) throw new Error(`the plane answered ${response.status}`)
      const view = z.parse(DiscoveryView, await response.json())
      index = response.headers.get('x-heddle-index') ?? undefined
      onNews(service, knowledge.learn(service, view, Date.now()))
    } catch (error) {
      turn += 1
      // Another plane counts differently.
      index = undefined
      throw error
    }
  }
  await repeat(step, { everyMs: restMs, afterFailureMs }, onFailure, stop)
}

/** Follows how the clusters stand. Ends with `stop`. */
export async function followFederation(options: FollowOptions): Promise<void> {
  const { planes, knowledge, onFailure, stop } = options
  let turn = 0
  let etag: string | undefined
  const step = async () => {
    try {
      const known = etag === undefined ? {} : { 'if-none-match': etag }
      const headers = { ...known, ...(await credentials(options)) }
      const response = await ask(`${planeOf(planes, turn)}/v1/federation`, headers, stop)
      if (response.status === 304) return
      if (!response.ok) throw new Error(`the plane answered ${response.status}`)
      knowledge.learnFederation(z.parse(FederationView, await response.json()))
      etag = response.headers.get('etag') ?? undefined
    } catch (error) {
      turn += 1
      etag = undefined
      throw error
    }
  }
  await repeat(step, { everyMs: federationEveryMs, afterFailureMs }, onFailure, stop)
}

async function credentials({ tokenFile }: FollowOptions): Promise<Readonly<Record<string, string>>> {
  if (tokenFile === undefined) return {}
  return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` }
}

function ask(url: string, headers: Readonly<Record<string, string>>, stop: AbortSignal): Promise<Response> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(waitMs + patienceMs)])
  return fetch(url, { headers: { accept: 'application/json', ...headers }, signal })
}

function planeOf(planes: readonly string[], turn: number): string {
  return planes[turn % planes.length] ?? ''
}
