import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceView } from '#shared/protocol/api.ts'
import { instanceOf } from '#test/journey/story/look.ts'
import { type Landscape, type Member, startLandscape } from '#test/support/landscape/landscape.ts'
import type { MemberPlan } from '#test/support/landscape/plan.ts'
import { freePorts } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { type Attempt, envoyAttempts, lastAttemptMs, nginxAttempts } from './attempts.ts'
import { type Death, now, takeOut } from './deaths.ts'

/** Half of the servers close idle connections after 5 s, half after 65 s, as Node and Nginx do. */
export async function crashMembers(count: number): Promise<readonly MemberPlan[]> {
  const ports = await freePorts(2 * count)
  return Array.from({ length: count }, (_, index) => ({
    name: `basic-${index}`,
    service: 'basic-server',
    cluster: 'zervigo',
    site: 'alibaba',
    port: ports[index] ?? 0,
    agentPort: ports[count + index] ?? 0,
    keepAliveMs: index % 2 === 0 ? 5_000 : 65_000,
    tags: [],
  }))
}

/** Passive ejection is off, so that what is timed is the removal and nothing else. */
export async function startCrashLandscape(folder: string, { tls = false } = {}): Promise<Landscape> {
  const members = await crashMembers(6)
  return startLandscape({ folder, members, outlierEjection: false, reloadsPerMinute: 600, attemptLogs: true, tls })
}

/** Takes servers out and brings them back, one after the other. */
export class Rounds {
  readonly deaths: Death[] = []
  readonly #landscape: Landscape
  #back: Promise<void> = Promise.resolve()

  constructor(landscape: Landscape) {
    this.#landscape = landscape
  }

  async kill(round: number): Promise<void> {
    const member = this.#member(round)
    await this.#round(
      member,
      () => member.server.kill(),
      () => member.server.start(),
    )
  }

  async hang(round: number): Promise<void> {
    const member = this.#member(round)
    await this.#round(
      member,
      () => member.server.signal('SIGSTOP'),
      () => member.server.signal('SIGCONT'),
    )
  }

  /** Resolves when all are back. */
  async settled(): Promise<void> {
    await this.#back
  }

  async #round(member: Member, out: () => void | Promise<void>, back: () => void | Promise<void>): Promise<void> {
    // Nothing else goes on while a death is timed.
    await this.#back
    const { name } = member.plan
    const instance: InstanceView = await instanceOf(this.#landscape, name)
    const death = await takeOut(this.#landscape, instance, out)
    const until = now()
    this.deaths.push({ ...death, until })
    await back()
    const isBack = allBack(this.#landscape)
    // It is awaited before the next turn; until then its failure must not end the process.
    isBack.catch(() => {})
    this.#back = isBack
  }

  #member(round: number): Member {
    const { members } = this.#landscape
    const member = members[round % members.length]
    if (!member) throw new Error('there are no members')
    return member
  }
}

/** Resolves when every instance is routable and every sink shows it. Looks rarely: looking costs what is timed beside it. */
async function allBack({ view, members }: Landscape): Promise<void> {
  await waitFor(() => view.status(), {
    what: 'all to be back',
    withinMs: 60_000,
    everyMs: 250,
    until: ({ instances, sinks, revision }) =>
      instances.routable === members.length && sinks.every(({ proven }) => proven?.revision === revision),
  })
}

export type Times = {
  readonly envoy: readonly number[]
  readonly nginx: readonly number[]
  readonly consuls: readonly number[]
  readonly envoyAttempt: readonly number[]
  readonly nginxAttempt: readonly number[]
}

/**
 * What each sink took, in milliseconds: for the proxies the later of the last attempt on the dead one in their own log and the
 * sink's proof, for the Consuls the later of both.
 */
export function timesOf(deaths: readonly Death[], envoy: readonly Attempt[], nginx: readonly Attempt[]): Times {
  const attempt = (attempts: readonly Attempt[]) =>
    deaths.map(({ port, at, until }) => lastAttemptMs(attempts, port, at, until))
  const envoyAttempt = attempt(envoy)
  const nginxAttempt = attempt(nginx)
  return {
    envoy: deaths.map(({ at, envoyProof }, index) => Math.max(envoyProof - at, envoyAttempt[index] ?? 0)),
    nginx: deaths.map(({ at, nginxProof }, index) => Math.max(nginxProof - at, nginxAttempt[index] ?? 0)),
    consuls: deaths.map(({ at, zervigo, looma }) => Math.max(zervigo, looma) - at),
    envoyAttempt,
    nginxAttempt,
  }
}

/** Both proxies' logs as they are now. Envoy writes its own once a second. */
export async function readLogs({ plan }: Landscape): Promise<{ envoy: readonly Attempt[]; nginx: readonly Attempt[] }> {
  const read = (name: string) => readFile(join(plan.folder, 'logs', name), 'utf8')
  return { envoy: envoyAttempts(await read('envoy.log')), nginx: nginxAttempts(await read('nginx.log')) }
}
