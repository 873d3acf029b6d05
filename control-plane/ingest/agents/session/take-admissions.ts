import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Admit, AdmitOutcome } from '#shared/protocol/admit.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { judgeOwn } from './own-admissions.ts'

export type TakeAdmissionsParts = {
  readonly fleet: Pick<FleetView, 'instances' | 'revision'>
  readonly record: RecordChange
  /** The sinks that have not proven a revision yet. */
  readonly waitingFor: (revision: number) => readonly string[]
  readonly log: Logger
}

/** Of one session, at a time. */
const mostAtOnce = 4
const lookEveryMs = 100
/** Longer it is not looked whether the sinks follow. */
const provenWithinMs = 300_000

/** Journals what an agent asks for its own instances, and tells it when the sinks have followed. */
export class TakeAdmissions {
  readonly #parts: TakeAdmissionsParts
  readonly #send: (outcome: AdmitOutcome) => void
  /** Made when there is something to end: of ten thousand sessions hardly one asks. */
  #end: AbortController | undefined
  #ended = false
  #underway = 0

  constructor(parts: TakeAdmissionsParts, send: (outcome: AdmitOutcome) => void) {
    this.#parts = parts
    this.#send = send
  }

  heard(node: string, admit: Admit): void {
    if (this.#underway >= mostAtOnce) {
      this.#refuse(admit, 'too many at once; ask again later')
      return
    }
    this.#underway += 1
    this.#take(node, admit)
      .catch((err: unknown) => {
        this.#parts.log.warn({ err, node }, "an agent's word on its instances could not be recorded")
        this.#refuse(admit, 'the plane cannot write it down now')
      })
      .finally(() => {
        this.#underway -= 1
      })
  }

  end(): void {
    this.#ended = true
    this.#end?.abort()
  }

  async #take(node: string, admit: Admit): Promise<void> {
    const { fleet, record, log, waitingFor } = this.#parts
    const { id, admission, reason, forMs } = admit
    const by = `agent:${node}`
    const judged = judgeOwn(admit, node, by, (instance) => fleet.instances.get(instance))
    if (judged.kind === 'foreign') return this.#refuse(admit, `${judged.instance} is no instance of this node`)
    const expiresAt = admission === 'active' ? undefined : Date.now() + forMs
    const changes = judged.change.map((instance) => {
      // What somebody orders meanwhile goes before it.
      const seen = fleet.instances.get(instance)?.revision
      const options = seen === undefined ? { by } : { by, seen }
      return record({ kind: 'admitted', instance, admission, reason, expiresAt }, options)
    })
    if ((await Promise.all(changes)).includes('overtaken'))
      return this.#refuse(admit, 'an instance changed meanwhile; ask again')
    const { revision } = fleet
    if (changes.length > 0) log.info({ node, instances: judged.change, admission, reason }, 'an agent admits its own')
    const kept = Object.keys(judged.kept).length > 0 ? { kept: judged.kept } : {}
    this.#send({ type: 'admitted', id, state: 'recorded', waiting: [...waitingFor(revision)], ...kept })
    const until = performance.now() + provenWithinMs
    this.#end ??= new AbortController()
    while (!this.#ended && performance.now() < until) {
      if (waitingFor(revision).length === 0) return this.#send({ type: 'admitted', id, state: 'proven', ...kept })
      await pause(lookEveryMs, this.#end.signal)
    }
  }

  #refuse({ id }: Admit, why: string): void {
    this.#send({ type: 'admitted', id, state: 'refused', why })
  }
}
