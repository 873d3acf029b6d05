import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import promises from 'node:timers/promises'
import { currentProcess, type Happening, type Process } from './world.ts'

/** A timer of a simulated process. */
class VirtualTimer {
  readonly #process: Process
  readonly #run: () => void
  readonly #ms: number
  readonly #again: boolean
  #next: Happening

  constructor(process: Process, run: () => void, ms: number, again: boolean) {
    this.#process = process
    this.#run = run
    this.#ms = ms
    this.#again = again
    this.#next = this.#set()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    this.close()
    this.#next = this.#set()
    return this
  }

  close(): this {
    this.#next.cancelled = true
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #set(): Happening {
    return this.#process.timer(this.#ms, () => {
      if (this.#again) this.#next = this.#set()
      this.#run()
    })
  }
}

/** A turn of an event loop. */
const turnMs = 0.01

class VirtualImmediate {
  readonly #happening: Happening

  constructor(process: Process, run: () => void) {
    // Whoever waits for a time by turns of the loop must see it pass.
    this.#happening = process.do(run, turnMs)
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  close(): void {
    this.#happening.cancelled = true
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

type Callback = (...args: unknown[]) => void
type Signalled = { readonly signal?: AbortSignal }

let installed = false

/**
 * Gives simulated processes their own time and chance: timers, clocks and random numbers of Node behave as before everywhere else.
 * To be called before any code is imported that shall be simulated.
 */
export function virtualise(): void {
  if (installed) return
  installed = true
  replaceTimers()
  replacePromises()
  replaceClocks()
  replaceChance()
  syncBuiltinESMExports()
}

function replaceTimers(): void {
  const real = { ...timers }
  const timer = (again: boolean, other: (...args: never[]) => unknown) =>
    function set(run: Callback, ms = 1, ...args: unknown[]) {
      const process = currentProcess()
      if (!process) return other(...([run, ms, ...args] as never[]))
      return new VirtualTimer(process, () => run(...args), ms, again)
    }
  const clear = (other: (timer: never) => void) => (timer: unknown) => {
    if (timer instanceof VirtualTimer || timer instanceof VirtualImmediate) timer.close()
    else other(timer as never)
  }
  const immediate = (run: Callback, ...args: unknown[]) => {
    const process = currentProcess()
    return process ? new VirtualImmediate(process, () => run(...args)) : real.setImmediate(run, ...args)
  }
  const replaced = {
    setTimeout: timer(false, real.setTimeout),
    setInterval: timer(true, real.setInterval),
    setImmediate: immediate,
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
    clearImmediate: clear(real.clearImmediate),
  }
  Object.assign(timers, replaced)
  Object.assign(globalThis, replaced)
}

function replacePromises(): void {
  const real = { ...promises }
  const replaced = {
    setTimeout: (ms?: number, value?: unknown, options: Signalled = {}) => {
      const process = currentProcess()
      if (!process) return real.setTimeout(ms, value, options)
      return waiting(value, options, (done) => new VirtualTimer(process, done, ms ?? 1, false))
    },
    setImmediate: (value?: unknown, options: Signalled = {}) => {
      const process = currentProcess()
      if (!process) return real.setImmediate(value, options)
      return waiting(value, options, (done) => new VirtualImmediate(process, done))
    },
  }
  Object.assign(promises, replaced)
}

function waiting(
  value: unknown,
  { signal }: Signalled,
  begin: (done: () => void) => { close(): unknown },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const given = () => reject(new DOMException('The operation was aborted', 'AbortError'))
    if (signal?.aborted) return given()
    const abort = () => {
      timer.close()
      given()
    }
    const timer = begin(() => {
      signal?.removeEventListener('abort', abort)
      resolve(value)
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function replaceClocks(): void {
  const monotonic = performance.now.bind(performance)
  performance.now = () => {
    const process = currentProcess()
    return process ? process.machine.monotonic - process.startedAt : monotonic()
  }
  const RealDate = Date
  const now = () => currentProcess()?.machine.epoch ?? RealDate.now()
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  })
  const timeout = AbortSignal.timeout
  AbortSignal.timeout = (ms) => {
    const process = currentProcess()
    if (!process) return timeout.call(AbortSignal, ms)
    const controller = new AbortController()
    process.timer(ms, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return controller.signal
  }
}

function replaceChance(): void {
  const real = { random: Math.random, randomBytes: crypto.randomBytes, randomUUID: crypto.randomUUID }
  Math.random = () => currentProcess()?.world.random.next() ?? real.random()
  const randomBytes = (count: number, done?: (error: Error | null, bytes: Buffer) => void) => {
    const process = currentProcess()
    if (!process || done) return real.randomBytes(count, done as never)
    return process.world.random.bytes(count)
  }
  const randomUUID = (options?: object) => {
    const process = currentProcess()
    if (!process) return real.randomUUID(options)
    const hex = process.world.random.bytes(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  Object.assign(crypto, { randomBytes, randomUUID })
}
