import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { explainError } from '#shared/failure/failure.ts'
import { shown } from './shown.ts'

/** What became of an input: it was understood, or it was refused in so many words. Anything else is thrown, and is a fault. */
export type Outcome = 'taken' | 'refused'

/** What one target is made of. */
export type TargetParts<I, W> = {
  readonly arbitrary: fc.Arbitrary<I>
  /** Made once, and kept over all inputs. */
  readonly open?: () => W | Promise<W>
  /** Throws if a promise is broken. */
  readonly run: (input: I, world: W) => Outcome | Promise<Outcome>
  /** Asked now and then, and at the end; throws if a promise is broken that no single input shows. */
  readonly check?: (world: W) => void | Promise<void>
  /** For one input, of this thread's own time; 1,500 unless said. */
  readonly mostMs?: number
  /** What the heap may have grown by over all inputs; 24 MiB unless said. */
  readonly mostGrowthMiB?: number
}

export type Found = {
  /** What replays it. */
  readonly seed: number
  readonly path: string
  readonly input: string
  readonly problem: string
}

export type Batch = {
  readonly seed: number
  readonly inputs: number
  /** Only the one input that this names. */
  readonly path?: string
}

/** A target with its world open. */
export type OpenTarget = AsyncDisposable & {
  readonly mostGrowthMiB: number
  readonly counts: Readonly<Record<Outcome, number>>
  /** Runs inputs; undefined: no promise was broken. @param onInput is called before each */
  batch(batch: Batch, onInput: () => void): Promise<Found | undefined>
  check(): Promise<void>
}

export type Target = { readonly open: () => Promise<OpenTarget> }

const usualMs = 1_500
const usualGrowthMiB = 24
/** One that is broken off while it is made smaller is told as it is. */
const shrinkForMs = 20_000

/** A target of whatever inputs and world. */
export function targetOf<I, W = undefined>(parts: TargetParts<I, W>): Target {
  return {
    open: async () => {
      // Left out, there is none.
      const world = (await parts.open?.()) as W
      return new Opened(parts, world)
    },
  }
}

class Opened<I, W> implements OpenTarget {
  readonly counts: Record<Outcome, number> = { taken: 0, refused: 0 }
  readonly mostGrowthMiB: number
  readonly #parts: TargetParts<I, W>
  readonly #world: W
  #stray: unknown

  constructor(parts: TargetParts<I, W>, world: W) {
    this.#parts = parts
    this.#world = world
    this.mostGrowthMiB = parts.mostGrowthMiB ?? usualGrowthMiB
    process.on('unhandledRejection', this.#onStray)
    process.on('uncaughtException', this.#onStray)
  }

  async batch({ seed, inputs, path }: Batch, onInput: () => void): Promise<Found | undefined> {
    let failing = Number.POSITIVE_INFINITY
    const property = fc.asyncProperty(this.#parts.arbitrary, async (input) => {
      onInput()
      if (performance.now() > failing + shrinkForMs) return
      try {
        await this.#one(input)
      } catch (error) {
        failing = Math.min(failing, performance.now())
        throw error
      }
    })
    const found = await fc.check(property, { seed, numRuns: inputs, ...(path === undefined ? {} : { path }) })
    if (!found.failed) return undefined
    return {
      seed: found.seed,
      path: found.counterexamplePath ?? '',
      input: shown(found.counterexample?.[0]),
      problem: problemOf(found.errorInstance),
    }
  }

  async check(): Promise<void> {
    await nextTurn()
    this.#throwStray()
    await this.#parts.check?.(this.#world)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('unhandledRejection', this.#onStray)
    process.off('uncaughtException', this.#onStray)
    const world: unknown = this.#world
    if (typeof world !== 'object' || world === null) return
    if (Symbol.asyncDispose in world) await (world as AsyncDisposable)[Symbol.asyncDispose]()
    else if (Symbol.dispose in world) (world as Disposable)[Symbol.dispose]()
  }

  async #one(input: I): Promise<void> {
    const { run, mostMs = usualMs } = this.#parts
    const before = process.threadCpuUsage()
    const answer = run(input, this.#world)
    const outcome = answer instanceof Promise ? await answer : answer
    // What nobody waited for shows itself before the next turn.
    if (answer instanceof Promise) await nextTurn()
    const { user, system } = process.threadCpuUsage(before)
    const ms = (user + system) / 1_000
    if (ms > mostMs) throw new Error(`one input took ${Math.round(ms)} ms of work; the most is ${mostMs}`)
    this.#throwStray()
    this.counts[outcome] += 1
  }

  readonly #onStray = (error: unknown) => {
    this.#stray ??= error ?? new Error('nothing was thrown, and not caught')
  }

  #throwStray(): void {
    const stray = this.#stray
    this.#stray = undefined
    if (stray !== undefined) throw new Error(`nobody caught: ${problemOf(stray)}`)
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : explainError(error)
}
