import { parentPort, workerData } from 'node:worker_threads'
import type { Store } from '../store.ts'
import { storeFailure } from './failure.ts'
import { openSqlite, type SqliteSettings } from './open-sqlite.ts'
import { type Answer, type Call, packFailure } from './worker-messages.ts'

// The entry of the worker thread that SQLite runs in: one call after the other, each answered.

if (parentPort) await serve(parentPort, workerData as SqliteSettings)

async function serve(port: NonNullable<typeof parentPort>, settings: SqliteSettings): Promise<void> {
  const answer = (message: Answer) => port.postMessage(message)
  let store: Store
  try {
    store = await openSqlite(settings)
  } catch (error) {
    answer({ kind: 'refused', failure: packFailure(storeFailure(error, settings.path)) })
    return
  }
  let turn: Promise<void> = Promise.resolve()
  port.on('message', (message: Call | 'close') => {
    turn = turn.then(async () => {
      if (message === 'close') {
        await store[Symbol.asyncDispose]()
        port.close()
      } else answer(await run(store, message, settings.path))
    })
  })
  answer({ kind: 'opened', installation: store.installation })
}

async function run(store: Store, { id, method, args }: Call, path: string): Promise<Answer> {
  try {
    const called = store[method] as (this: Store, ...args: unknown[]) => Promise<unknown>
    const result = await called.apply(store, [...args])
    return { kind: 'done', id, result }
  } catch (error) {
    return { kind: 'failed', id, failure: packFailure(storeFailure(error, path)) }
  }
}
