import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '#shared/logging/logger.ts'
import { asRefusal, Refusal, refusalBody } from './refusal.ts'
import type { Reply } from './route.ts'

export const mostOperations = 1_000
/** Between slices of these others get their turn: reading one takes some 50 microseconds, starting it less. */
const readAtOnce = 50
const startedAtOnce = 250

/** One operation that has been read: whose turn it has to wait for (undefined: nobody's), and what it does. */
export type Operation = { readonly id: string | undefined; readonly run: () => Promise<Reply> | Reply }

/** Throws a 400 refusal. */
export type ReadOperation = (kind: string, operation: Readonly<Record<string, unknown>>) => Operation

type Result = { readonly status: number; readonly body: object }

/**
 * Does up to 1,000 operations, `{operations: [{op, ...}]}` or a list of them, each with a result of its own. What concerns one instance
 * happens in the order given, everything else together.
 * @param onStarted called when all have been started that wait for no other: their changes may go to the disk, together
 */
export async function runBatch(body: unknown, read: ReadOperation, onStarted: () => void, log: Logger): Promise<Reply> {
  const operations = operationsOf(body)
  const started: Promise<Result>[] = []
  const readOnes: (Operation | Refusal)[] = []
  for (const [index, operation] of operations.entries()) {
    if (index % readAtOnce === readAtOnce - 1) await nextTurn()
    readOnes.push(attempt(() => readOne(operation, read), log))
  }
  const turns = new Map<string, Promise<unknown>>()
  for (const [index, one] of readOnes.entries()) {
    if (index % startedAtOnce === startedAtOnce - 1) await nextTurn()
    if (one instanceof Refusal) {
      started.push(Promise.resolve(resultOf(one)))
      continue
    }
    const before = one.id === undefined ? undefined : turns.get(one.id)
    const result = finish(before === undefined ? one.run : () => before.then(one.run), log)
    if (one.id !== undefined) turns.set(one.id, result)
    started.push(result)
  }
  onStarted()
  return replyOf(await Promise.all(started), operations)
}

function operationsOf(body: unknown): readonly unknown[] {
  const inner = typeof body === 'object' && body !== null && 'operations' in body ? body.operations : body
  if (!Array.isArray(inner)) {
    throw new Refusal(400, 'the batch is not valid', [{ field: 'operations', message: 'expected a list' }])
  }
  if (inner.length > mostOperations) {
    throw new Refusal(400, 'the batch is too large', [
      { field: 'operations', message: `expected at most ${mostOperations} operations, got ${inner.length}` },
    ])
  }
  return inner
}

function readOne(operation: unknown, read: ReadOperation): Operation {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation)) {
    throw new Refusal(400, 'the operation is not valid', [{ field: '(operation)', message: 'expected an object' }])
  }
  return read(kindText(operation), operation as Readonly<Record<string, unknown>>)
}

/** What an operation is to do; empty where it does not say. */
function kindText(operation: unknown): string {
  if (typeof operation !== 'object' || operation === null) return ''
  const { op, operation: second, action } = operation as Readonly<Record<string, unknown>>
  const kind = op ?? second ?? action
  return typeof kind === 'string' ? kind.slice(0, 40) : ''
}

function attempt(read: () => Operation, log: Logger): Operation | Refusal {
  try {
    return read()
  } catch (error) {
    return asRefusal(error, log, { call: 'batch' })
  }
}

async function finish(run: () => Promise<Reply> | Reply, log: Logger): Promise<Result> {
  try {
    const { status, body } = await run()
    return { status, body: typeof body === 'string' ? JSON.parse(body) : body }
  } catch (error) {
    return resultOf(asRefusal(error, log, { call: 'batch' }))
  }
}

function resultOf(refusal: Refusal): Result {
  return { status: refusal.status, body: refusalBody(refusal) }
}

/** 200 where all went well, 207 where some did, and where none did what they have in common. */
function replyOf(results: readonly Result[], operations: readonly unknown[]): Reply {
  const failed = results.filter(({ status }) => status >= 400)
  const [first] = failed
  const all = failed.length === results.length && failed.every(({ status }) => status === first?.status)
  const status = first === undefined ? 200 : all ? first.status : 207
  return {
    status,
    body: {
      success: failed.length === 0,
      total: results.length,
      succeeded: results.length - failed.length,
      failed: failed.length,
      // `code` is what the call of its own would have been answered with; `status` is the word for the instance.
      results: results.map(({ status, body }, index) => {
        const { code: failure, ...rest } = body as { readonly code?: unknown }
        const why = failure === undefined ? {} : { failure }
        return { index, op: kindText(operations[index]), code: status, ...why, ...rest }
      }),
    },
  }
}
