import { open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '#shared/failure/failure.ts'
import {
  PieceTakenView,
  pieceBytes,
  type ReleaseRequest,
  ReleaseView,
  type RolloutRequest,
  type RolloutSteering,
  RolloutView,
  UpgradesView,
} from '#shared/protocol/upgrade.ts'
import type { Ask } from './request.ts'

/** A leader that changes meanwhile, or a piece that went astray: the next try goes on where the plane is. */
const mostTries = 5
const againAfterMs = 1_000

/** Asks about releases and rollouts, and steers them. Fails as `Plane` does. */
export class UpgradeCalls {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  list(mostMs?: number): Promise<UpgradesView> {
    const request = { asked: 'list upgrades', path: '/v1/upgrades' }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, UpgradesView)
  }

  /**
   * Adds a release with its file, in pieces, from where an earlier try broke off.
   * @param onPiece hears how much of it the plane has
   */
  async add(body: ReleaseRequest, path: string, onPiece: (here: number) => void): Promise<ReleaseView> {
    const begin = () =>
      this.#ask({ asked: 'add a release', method: 'POST', path: '/v1/upgrades/releases', body }, ReleaseView)
    let release = await begin()
    await using file = await open(path)
    for (let failures = 0; release.here < body.bytes; ) {
      try {
        const here = await this.#piece(file, release.sha256, release.here)
        release = { ...release, here }
        failures = 0
        onPiece(here)
      } catch (error) {
        failures += 1
        const final = error instanceof Failure && error.code === 'RELEASE_CONTENT'
        if (final || failures >= mostTries) throw error
        await pause(againAfterMs)
        release = await begin()
      }
    }
    return release
  }

  start(body: RolloutRequest): Promise<RolloutView> {
    return this.#ask(
      { asked: `begin with ${body.version}`, method: 'POST', path: '/v1/upgrades/rollouts', body },
      RolloutView,
    )
  }

  find(id: number, mostMs?: number): Promise<RolloutView> {
    const request = { asked: `read rollout ${id}`, path: `/v1/upgrades/rollouts/${id}` }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, RolloutView)
  }

  /** @param serial the state that it was decided for; undefined: whichever it is */
  steer(id: number, body: RolloutSteering, serial: number | undefined): Promise<RolloutView> {
    const request = {
      asked: `${body.action} rollout ${id}`,
      method: 'POST',
      path: `/v1/upgrades/rollouts/${id}`,
      body,
    } as const
    return this.#ask(serial === undefined ? request : { ...request, ifMatch: `"${serial}"` }, RolloutView)
  }

  async #piece(file: Awaited<ReturnType<typeof open>>, sha256: string, offset: number): Promise<number> {
    const buffer = Buffer.alloc(pieceBytes)
    const { bytesRead } = await file.read(buffer, 0, pieceBytes, offset)
    const body = { offset, data: buffer.subarray(0, bytesRead).toString('base64') }
    const path = `/v1/upgrades/releases/${sha256}/pieces`
    return (await this.#ask({ asked: 'send a piece', method: 'PUT', path, body }, PieceTakenView)).here
  }
}
