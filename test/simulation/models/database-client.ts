import type { JournalStore, LeadershipStore, ReplicaStore, Sharing } from '#control-plane/journal/store.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { Process } from '../time/world.ts'
import type { Answer, Query } from './database.ts'
import { networkOf } from './surroundings.ts'

export type SharedStore = JournalStore & LeadershipStore & ReplicaStore & { readonly sharing: Sharing }

/** What comes with the connection of somebody who listens for appends. */
export type ListenHello = { readonly hear: (revision: number) => void }

const methods = [
  'head',
  'append',
  'read',
  'revisionAt',
  'oldest',
  'probe',
  'snapshots',
  'snapshotPart',
  'saveSnapshotPart',
  'finishSnapshot',
  'dropSnapshot',
  'dropParts',
  'dropEntries',
  'claimLeadership',
  'resignLeadership',
  'leadership',
  'beatReplica',
  'dropReplica',
  'replicas',
] as const

const answerWithinMs = 5_000
const listenAgainMs = 1_000

/** The store of a plane over the simulated network. What is not answered within some seconds is given up, done or not. */
export function databaseClient(process: Process, host: string): SharedStore {
  const call = (method: string, args: readonly unknown[]) => callDatabase(process, host, method, args)
  const named = Object.fromEntries(methods.map((method) => [method, (...args: unknown[]) => call(method, args)]))
  return { ...(named as unknown as JournalStore & LeadershipStore & ReplicaStore), sharing: hearAppends(process, host) }
}

function callDatabase(process: Process, host: string, method: string, args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const lost = (why: string) => {
      clearTimeout(timer)
      reject(new Failure('STORE_UNAVAILABLE', `the database ${why}`, { retryable: true }))
    }
    const timer = setTimeout(() => lost('does not answer'), answerWithinMs)
    const take = (answer: Answer) => {
      clearTimeout(timer)
      if ('failure' in answer) reject(answer.failure)
      else resolve(answer.result)
    }
    networkOf(process.world).ask(process, host, {
      label: `${method} ${JSON.stringify(args)}`,
      serve: ({ serve }, answer) =>
        serve?.({ method, args, from: process } satisfies Query, (made) =>
          answer(() => take(made as Answer), JSON.stringify(made)),
        ),
      lost: () => lost('cannot be reached'),
    })
  })
}

function hearAppends(process: Process, host: string): Sharing {
  const hearers = new Set<(revision: number) => void>()
  const hello: ListenHello = {
    hear: (revision) => {
      for (const hear of hearers) hear(revision)
    },
  }
  const listen = () => {
    const again = () => setTimeout(listen, listenAgainMs)
    networkOf(process.world).connect(process, host, hello, {
      open: (end) => {
        end.onClose = again
      },
      lost: again,
    })
  }
  let listening = false
  return {
    onAppended(hear) {
      hearers.add(hear)
      if (!listening) listen()
      listening = true
      return () => hearers.delete(hear)
    },
  }
}
