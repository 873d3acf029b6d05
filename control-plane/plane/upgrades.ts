import { resolve } from 'node:path'
import * as z from 'zod/mini'
import { Sha256 } from '#shared/protocol/upgrade.ts'
import type { Trail } from '../audit/trail.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import type { Store } from '../journal/store.ts'
import type { Lead } from '../leadership/lead.ts'
import { ReleaseFiles } from '../upgrades/keep-files.ts'
import { Upgrades } from '../upgrades/keep-upgrades.ts'
import type { UpgradeStore } from '../upgrades/store.ts'
import type { Run } from './run.ts'
import type { Together } from './together.ts'

export type StartUpgradesParts = {
  readonly store: Store
  readonly trail: Trail
  readonly lead: Lead
  readonly fleet: Fleet
  readonly sessions: AgentSessions
  readonly together: Together
  readonly slowMs: (node: string) => number | undefined
}

const pieceWithinMs = 10_000
const Question = z.object({ sha256: Sha256, offset: z.int().check(z.gte(0)) })
const Piece = z.nullable(z.object({ data: z.base64() }))

/** Releases of agents and their rollouts. Files lie beside the store; each plane gets those of the others. */
export async function startUpgrades(
  { config, log, signal }: Run,
  parts: StartUpgradesParts,
): Promise<Upgrades & AsyncDisposable> {
  const { store, trail, lead, fleet, sessions, together, slowMs } = parts
  const path = config.journal.path === ':memory:' ? 'heddle.db' : config.journal.path
  const files = new ReleaseFiles(`${resolve(path)}-releases`)
  together.onQuestion('release-piece', Question, async ({ sha256, offset }) => {
    const piece = await files.read(sha256, offset)
    return piece ? { data: piece.toString('base64') } : null
  })
  const pieceElsewhere = async (sha256: string, offset: number): Promise<Buffer | undefined> => {
    for (const run of together.others()) {
      const answer = { schema: Piece, withinMs: pieceWithinMs }
      const piece = await together.ask(run, 'release-piece', { sha256, offset }, answer).catch(() => null)
      if (piece) return Buffer.from(piece.data, 'base64')
    }
    return undefined
  }
  const upgrades = await Upgrades.open({
    ...{ files, fleet, pieceElsewhere, log, slowMs },
    store: upgradeStore(store, trail, lead),
    upgradeOf: (node) => sessions.doings.of(node)?.doing.upgrade,
    takesUpgrades: (node) => sessions.takes(node)?.includes('upgrade'),
    onWanted: (nodes) => sessions.upgradesChanged(nodes),
    leads: lead.leads,
    now: Date.now,
  })
  sessions.setUpgrades((node) => upgrades.wanted(node))
  const ending = new AbortController()
  const running = upgrades.run(AbortSignal.any([signal, ending.signal]))
  return Object.assign(upgrades, {
    async [Symbol.asyncDispose]() {
      ending.abort()
      await running
    },
  })
}

/** As all may read it and only the leader change it; what somebody asked for is written down in the same transaction. */
function upgradeStore(store: Store, trail: Pick<Trail, 'draft'>, { term }: Pick<Lead, 'term'>): UpgradeStore {
  return {
    releases: store.releases,
    rollouts: store.rollouts,
    async saveRelease(release, drop) {
      const { version, sha256, bytes } = release
      const args = [release, drop, term()] as const
      const row = trail.draft({ subject: `release:${version}`, after: { sha256, bytes, dropped: drop } })
      if (!row) return store.saveRelease(...args)
      await store.audited('saveRelease', args, [row])
    },
    async saveRollouts(rollouts, most) {
      const args = [rollouts, most, term()] as const
      const after = rollouts.map(({ id, scope, version, phase }) => ({ id, scope, version, phase }))
      const row = trail.draft({ subject: `rollout:${rollouts.map(({ id }) => id).join(',')}`, after })
      if (!row) return store.saveRollouts(...args)
      await store.audited('saveRollouts', args, [row])
    },
  }
}
