import { Router } from 'express'
import * as z from 'zod/mini'
import { explainError, Failure } from '#shared/failure/failure.ts'
import {
  PieceRequest,
  type PieceTakenView,
  type PieceView,
  ReleaseRequest,
  type ReleaseView,
  RolloutRequest,
  RolloutSteering,
  type RolloutView,
  Sha256,
  type UpgradesView,
} from '#shared/protocol/upgrade.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Upgrades } from '../upgrades/keep-upgrades.ts'
import type { Release } from '../upgrades/store.ts'
import { notKnown, Refusal, readBody } from './problem.ts'
import { rolloutView, versionsOf } from './upgrade-views.ts'
import { changedMeanwhile, isConditional, sendContent, sendVersioned } from './version.ts'

export type UpgradesApiParts = {
  readonly upgrades: Upgrades
  readonly fleet: Pick<FleetView, 'nodes'>
}

const Offset = z.coerce.number().check(z.int(), z.gte(0))

/** Releases of agents, and how they come to hosts. */
export function upgradesRouter({ upgrades, fleet }: UpgradesApiParts): Router {
  const router = Router()
  const { files } = upgrades
  const viewOf = async (release: Release): Promise<ReleaseView> => {
    const { version, sha256, bytes, author, at, signed } = release
    const { not_before } = signed.manifest
    const here = await files.here(release)
    return { version, sha256, bytes, key: signed.key, not_before, by: author, at: new Date(at).toISOString(), here }
  }
  const whole = (id: string): RolloutView => {
    const number = Number(id)
    const seen = /^\d{1,9}$/.test(id) ? upgrades.find(number) : undefined
    if (!seen) throw notKnown(`There is no rollout ${id.slice(0, 100)}.`, 'upgrade status')
    return rolloutView(seen, upgrades.known(seen.rollout), fleet)
  }
  const tagOf = ({ serial }: Pick<RolloutView, 'serial'>) => `"${serial}"`

  router.get('/upgrades', async (request, response) => {
    const view: UpgradesView = {
      releases: await Promise.all(upgrades.releases.map(viewOf)),
      rollouts: upgrades.list().map((seen) => rolloutView(seen, upgrades.known(seen.rollout), fleet)),
      versions: versionsOf(fleet),
    }
    sendContent(request, response, view)
  })

  router.post('/upgrades/releases', async (request, response) => {
    const { signed, bytes, by } = readBody(ReleaseRequest, request.body)
    const { version } = signed.manifest
    if (!(await upgrades.addRelease(signed, bytes, by))) {
      throw new Refusal(409, `Another file of ${version} is on its way to hosts.`, {
        code: 'ROLLOUT_UNDERWAY',
        remedy: 'Stop its rollout first, or better give the new file a version of its own.',
      })
    }
    const release = upgrades.releases.find((each) => each.version === version)
    if (!release) throw new Refusal(503, 'The release was dropped meanwhile.')
    response.json(await viewOf(release))
  })

  router.put('/upgrades/releases/:sha256/pieces', async (request, response) => {
    const { offset, data } = readBody(PieceRequest, request.body)
    const release = upgrades.releases.find(({ sha256 }) => sha256 === request.params.sha256)
    if (!release) throw notAdded(request.params.sha256)
    const here = await files.add(release, offset, Buffer.from(data, 'base64')).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      const { code, remedy } = error
      throw new Refusal(code === 'RELEASE_DISK' ? 503 : 409, explainError(error), { code, remedy })
    })
    const view: PieceTakenView = { here, bytes: release.bytes }
    response.json(view)
  })

  router.get('/upgrades/releases/:sha256/pieces/:offset', async (request, response) => {
    const { sha256 } = request.params
    const offset = z.safeParse(Offset, request.params.offset)
    const release = upgrades.releases.find((each) => each.sha256 === sha256)
    if (!z.safeParse(Sha256, sha256).success || !offset.success || !release || offset.data >= release.bytes)
      throw notAdded(sha256)
    const piece = await files.read(sha256, offset.data)
    if (!piece) {
      throw new Refusal(503, 'The file is not whole here yet.', {
        code: 'RELEASE_ABSENT',
        remedy: 'It comes from another plane, or by `heddle upgrade add`; ask again later.',
      })
    }
    const view: PieceView = { offset: offset.data, bytes: release.bytes, data: piece.toString('base64') }
    response.json(view)
  })

  router.post('/upgrades/rollouts', async (request, response) => {
    const asked = readBody(RolloutRequest, request.body)
    const { pause_ms, soak_ms, limit_ms, most_failed_percent, at_once, window, ...plan } = asked
    const started = await upgrades.start({
      ...plan,
      pauseMs: pause_ms,
      soakMs: soak_ms,
      limitMs: limit_ms,
      mostFailedPercent: most_failed_percent,
      atOnce: at_once,
      window: window ?? null,
    })
    if (started.kind === 'refused') {
      const { code, why } = started
      const { remedy } = new Failure(code, why)
      throw new Refusal(code === 'RELEASE_UNKNOWN' ? 404 : 409, `It cannot begin: ${why}.`, { code, remedy })
    }
    const view = whole(String(started.seen.rollout.id))
    response.set('ETag', tagOf(view)).json(view)
  })

  router.get('/upgrades/rollouts/:id', (request, response) => {
    const view = whole(request.params.id)
    sendVersioned(request, response, tagOf(view), view)
  })

  router.post('/upgrades/rollouts/:id', async (request, response) => {
    const { action, reason, by } = readBody(RolloutSteering, request.body)
    const { id } = request.params
    const present = () => whole(id)
    const seen = present()
    const conditional = isConditional(request, tagOf(seen), present)
    const steered = await upgrades.order(seen.id, { action, by, why: reason }, conditional ? seen.serial : undefined)
    if (steered.kind === 'unknown') throw notKnown(`There is no rollout ${id}.`, 'upgrade status')
    if (steered.kind === 'overtaken') throw changedMeanwhile(present())
    const view = present()
    if (steered.kind === 'refused') {
      throw new Refusal(409, `Rollout ${id} cannot ${action}: ${steered.why}.`, {
        code: 'ROLLOUT_REFUSED',
        remedy: 'Look at it with `heddle upgrade status`, and decide again.',
        current: view,
      })
    }
    response.set('ETag', tagOf(view)).json(view)
  })

  return router
}

function notAdded(sha256: string): Refusal {
  return new Refusal(404, `No release with the file ${sha256.slice(0, 64)} was added, or it has no such place.`)
}
