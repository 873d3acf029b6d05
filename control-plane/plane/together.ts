import type { Server } from 'node:http'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { ownerOf } from '#shared/spread/rendezvous.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'
import type { Source } from '../replicas/wire/serve-wire.ts'
import { Wire } from '../replicas/wire/wire.ts'

export type TogetherParts = {
  readonly server: Server
  readonly replicas: {
    list(): readonly ReplicaSeen[]
    others(): readonly ReplicaSeen[]
    onChange(listener: () => void): () => void
  }
  /** Whether planes share the store; false: this one is alone, and nothing is told to anybody. */
  readonly shared: boolean
  readonly log: Logger
  /** Whom to believe that it is a plane, PEM; left out: whom the system believes. */
  readonly ca?: (() => string) | undefined
}

type TakeFact = (key: string, value: unknown, source: Source) => void
type TakeEvent = (value: unknown, source: Source) => void
type Answer = (about: unknown) => Promise<unknown>

/**
 * The planes of one store as one: what is heard here is told to the others, what they hear is taken, work is split among them, and questions
 * go to the one that can answer. Whatever is to be taken or answered is said before the server listens.
 */
export class Together implements AsyncDisposable {
  readonly #parts: TogetherParts
  readonly #wire: Wire | undefined
  readonly #facts = new Map<string, TakeFact>()
  readonly #events = new Map<string, TakeEvent>()
  readonly #answers = new Map<string, Answer>()

  constructor(parts: TogetherParts) {
    this.#parts = parts
    const self = parts.replicas.list().find((each) => each.self)
    this.#wire =
      parts.shared && self
        ? new Wire({
            server: parts.server,
            self,
            peers: parts.replicas,
            onFact: (kind, key, value, source) => this.#facts.get(kind)?.(key, value, source),
            onEvent: (kind, value, source) => this.#events.get(kind)?.(value, source),
            onQuestion: (question, about) => this.#answer(question, about),
            log: parts.log,
            ca: parts.ca,
          })
        : undefined
  }

  /** Tells a fact that was found here; undefined: it is no more. */
  tell(kind: string, key: string, value: unknown): void {
    if (value === undefined) this.#wire?.board.delete(kind, key)
    else this.#wire?.board.set(kind, key, value)
  }

  /** Tells something that happened here. */
  say(kind: string, value: unknown): void {
    this.#wire?.board.say(kind, value)
  }

  /** Takes facts of a kind that others tell; what cannot be read, as of another version, is passed over. */
  onFact<T extends z.core.$ZodType>(
    kind: string,
    schema: T,
    take: (key: string, value: z.core.output<T> | undefined, source: Source) => void,
  ): void {
    this.#facts.set(kind, (key, value, source) => {
      const read = value === undefined ? undefined : z.safeParse(schema, value)
      if (!read || read.success) take(key, read?.data, source)
    })
  }

  onEvent<T extends z.core.$ZodType>(
    kind: string,
    schema: T,
    take: (value: z.core.output<T>, source: Source) => void,
  ): void {
    this.#events.set(kind, (value, source) => {
      const read = z.safeParse(schema, value)
      if (read.success) take(read.data, source)
    })
  }

  /** Answers questions of other planes; rejects with a Failure what they are to be told. */
  onQuestion<T extends z.core.$ZodType>(
    question: string,
    schema: T,
    answer: (about: z.core.output<T>) => Promise<unknown>,
  ): void {
    this.#answers.set(question, async (about) => answer(z.parse(schema, about)))
  }

  /** Asks another plane. Rejects with PEER_UNREACHABLE where it does not answer in time, or as it says itself. */
  async ask<T extends z.core.$ZodType>(
    run: string,
    question: string,
    about: unknown,
    answer: { readonly schema: T; readonly withinMs: number },
  ): Promise<z.core.output<T>> {
    if (!this.#wire)
      throw new Failure('PEER_UNREACHABLE', 'This plane shares its store with no other.', { retryable: true })
    return z.parse(answer.schema, await this.#wire.ask(run, question, about, answer.withinMs))
  }

  /** The runs of the other planes that live. */
  others(): readonly string[] {
    return this.#parts.replicas.others().map(({ run }) => run)
  }

  /** Whether it is another plane that lives. */
  lives(run: string): boolean {
    return this.#parts.replicas.others().some((each) => each.run === run)
  }

  /** The plane that does what is split by a key; undefined: this one. All planes that serve share it, each key its own. */
  ownerOf(key: string): string | undefined {
    if (!this.#wire) return undefined
    const serving = this.#parts.replicas.list().filter(({ alive, state }) => alive && state === 'serving')
    const owner = ownerOf(
      key,
      serving.map(({ run }) => run),
    )
    return serving.find(({ run }) => run === owner)?.self === false ? owner : undefined
  }

  owns(key: string): boolean {
    return this.ownerOf(key) === undefined
  }

  /** What waits for a person: planes that live but are not heard here. What this one says of their agents may be old. */
  problems(): readonly string[] {
    return (this.#wire?.lastinglySilent() ?? []).map(
      ({ holder, api }) =>
        `PEER_UNREACHABLE: the plane on ${holder} (${api}) lives, but this one does not hear it: what its agents and clients said last is missing here. See that each plane reaches the others at their \`api.advertise\`.`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire?.[Symbol.asyncDispose]()
  }

  #answer(question: string, about: unknown): Promise<unknown> {
    const answer = this.#answers.get(question)
    if (answer) return answer(about)
    const failure = new Failure('PEER_UNREACHABLE', `This plane does not know the question "${question}".`, {
      retryable: true,
    })
    return Promise.reject(failure)
  }
}
