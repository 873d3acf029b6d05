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
/** Words that are overtaken are judged anew so often. */
const mostTries = 5
const lookEveryMs = 100
/** Longer it is not looked whether the sinks follow. */
const provenWithinMs = 300_000

/** Instances that were changed; by instance, who has ordered what stays. */
type Taken = { readonly changed: readonly string[]; readonly kept: Readonly<Record<string, string>> }

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
    const { fleet, log, waitingFor } = this.#parts
    const { id, admission, reason } = admit
    const taken = await this.#record(node, admit)
    if (typeof taken === 'string') return this.#refuse(admit, taken)
    const { revision } = fleet
    const { changed } = taken
    if (changed.length > 0) log.info({ node, instances: changed, admission, reason }, 'an agent admits its own')
    const kept = Object.keys(taken.kept).length > 0 ? { kept: taken.kept } : {}
    this.#send({ type: 'admitted', id, state: 'recorded', waiting: [...waitingFor(revision)], ...kept })
    const until = performance.now() + provenWithinMs
    this.#end ??= new AbortController()
    while (!this.#ended && performance.now() < until) {
      if (waitingFor(revision).length === 0) return this.#send({ type: 'admitted', id, state: 'proven', ...kept })
      await pause(lookEveryMs, this.#end.signal)
    }
  }

  /** A string says why not. What somebody orders meanwhile goes before it; what its checks find meanwhile, as they do just then, does not. */
  async #record(node: string, admit: Admit): Promise<Taken | string> {
    const { fleet, record } = this.#parts
    const { admission, reason, forMs } = admit
    const by = `agent:${node}`
    const changed: string[] = []
    const kept: Record<string, string> = {}
    let { instances } = admit
    // Who asked and has gone has given up.
    for (let tries = 1; tries <= mostTries && !this.#ended; tries += 1) {
      const judged = judgeOwn({ instances, admission }, node, by, (instance) => fleet.instances.get(instance))
      if (judged.kind === 'foreign') return `${judged.instance} is no instance of this node`
      Object.assign(kept, judged.kept)
      const expiresAt = admission === 'active' ? undefined : Date.now() + forMs
      const outcomes = await Promise.all(
        judged.change.map((instance) => {
          const seen = fleet.instances.get(instance)?.revision ?? 0
          return record({ kind: 'admitted', instance, admission, reason, expiresAt }, { by, seen })
        }),
      )
      instances = judged.change.filter((_, index) => outcomes[index] === 'overtaken')
      changed.push(...judged.change.filter((instance) => !instances.includes(instance)))
      if (instances.length === 0) return { changed, kept }
    }
    return 'an instance changed again and again meanwhile; ask again'
  }

  #refuse({ id }: Admit, why: string): void {
    this.#send({ type: 'admitted', id, state: 'refused', why })
  }
}
