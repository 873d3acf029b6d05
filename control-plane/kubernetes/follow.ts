import { Failure } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { KubernetesApi, Query } from './ask-api.ts'
import { Page, Status, Versioned, WatchEvent } from './objects.ts'

/** What somebody does with what is said of one kind of objects. Keys are `<namespace>/<name>`. */
export type Follower = {
  /** A list begins: what is `put` from now on up to `listed` is in it. A list that was begun before and did not end counts for nothing. */
  readonly listing: () => void
  readonly put: (object: unknown) => void
  /** An object was deleted; it comes as it was last. */
  readonly remove: (object: unknown) => void
  /** The list is whole: what was not put since `listing` is not there. */
  readonly listed: () => void
  /** Why nothing can be heard now; undefined: it can be heard again. */
  readonly heard: (error: Failure | undefined) => void
}

export type FollowOptions = {
  readonly api: KubernetesApi
  /** Such as `/api/v1/namespaces/shop/pods`. */
  readonly path: string
  readonly labelSelector: string | undefined
  readonly stop: AbortSignal
  /** From 0 to 1. */
  readonly random?: () => number
}

/** Objects in a page of a list. */
const pageSize = 500
/** Servers end a watch after this many seconds, each another number, so that not all come again together. */
const watchSeconds = { least: 300, more: 300 }
/** Bookmarks come each minute: a connection on which so long nothing comes is none. */
const silentMs = 150_000
const backoff = { firstMs: 200, mostMs: 10_000 }
/** A watch that ends sooner was cut; whoever cuts it again and again is asked ever less often. */
const steadyMs = 5_000

/** How far a follower is, and how it goes on. */
type Place = {
  /** Undefined: all is to be listed. */
  version: string | undefined
  /** The server sends the list as the beginning of a watch. */
  streams: boolean
}

/**
 * Follows all objects of one kind until `stop` is signalled: lists them, in pieces, and hears what changes from there on. After a failure,
 * a cut or a restart it goes on where it was; only when the server has forgotten that place everything is listed anew. Never rejects.
 */
export async function follow(
  { api, path, labelSelector, stop, random = Math.random }: FollowOptions,
  follower: Follower,
) {
  const place: Place = { version: undefined, streams: true }
  const selected = { labelSelector }
  let failures = 0
  while (!stop.aborted) {
    const began = performance.now()
    try {
      if (place.version === undefined && !place.streams)
        place.version = await listAll(api, path, selected, follower, stop)
      await watchOn(api, path, selected, place, follower, random, stop)
      failures = performance.now() - began < steadyMs ? failures + 1 : 0
    } catch (error) {
      if (stop.aborted) return
      const failure = asFailure(error)
      if (failure.code === 'KUBERNETES_EXPIRED') {
        place.version = undefined
        // Not each time at once, where a server forgets faster than it can be listened to.
        failures = performance.now() - began < steadyMs ? failures + 1 : 0
      } else if (place.version === undefined && place.streams && isAnswer(failure)) {
        // It is none of those that send a list as a watch, or its etcd is too old for that (before 3.4.25): pages do.
        place.streams = false
        continue
      } else {
        follower.heard(failure)
        failures += 1
      }
    }
    // The first cut is nothing: watches end.
    if (failures > 1) await pause(backoffMs(backoff, failures - 1, random()), stop)
  }
}

async function listAll(api: KubernetesApi, path: string, query: Query, follower: Follower, stop: AbortSignal) {
  follower.listing()
  let next: string | undefined
  for (;;) {
    const page = Page.parse(await api.list(path, { ...query, limit: pageSize, continue: next }, stop))
    for (const item of page.items ?? []) follower.put(item)
    next = page.metadata.continue || undefined
    if (next !== undefined) continue
    follower.listed()
    return page.metadata.resourceVersion
  }
}

async function watchOn(
  api: KubernetesApi,
  path: string,
  query: Query,
  place: Place,
  follower: Follower,
  random: () => number,
  stop: AbortSignal,
): Promise<void> {
  const begins = place.version === undefined
  const timeoutSeconds = Math.round(watchSeconds.least + watchSeconds.more * random())
  const from = begins
    ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
    : { resourceVersion: place.version }
  if (begins) follower.listing()
  const watched = { ...query, ...from, allowWatchBookmarks: true, timeoutSeconds }
  for await (const events of api.watch(path, watched, silentMs, stop)) {
    for (const each of events) take(each, place, follower)
    // Where the list itself is to come, its first objects say that it does.
    if (!begins || events.length > 0) follower.heard(undefined)
  }
  // One that ends before its list has ended has said nothing that counts.
}

function take(each: unknown, place: Place, follower: Follower): void {
  const { type, object } = WatchEvent.parse(each)
  if (type === 'ERROR') throw statusFailure(object)
  const { metadata } = Versioned.parse(object)
  const { resourceVersion, annotations } = metadata
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      follower.put(object)
      break
    case 'DELETED':
      follower.remove(object)
      break
    case 'BOOKMARK':
      if (place.version === undefined && annotations?.['k8s.io/initial-events-end'] === 'true') {
        follower.listed()
        place.version = resourceVersion
      }
      break
  }
  // While a list streams, its objects come with versions of their own: none of them is a place to go on from.
  if (place.version !== undefined && resourceVersion) place.version = resourceVersion
}

function statusFailure(object: unknown): Failure {
  const { code = 0, message = 'it gave no reason' } = Status.safeParse(object).data ?? {}
  if (code === 410) return new Failure('KUBERNETES_EXPIRED', message.slice(0, 500), { retryable: true })
  return new Failure('KUBERNETES_UNREACHABLE', `${endedWith}${code}: ${message.slice(0, 500)}`, {
    retryable: true,
  })
}

/** Whether the server itself said so, and not of who asks. */
function isAnswer({ code, message }: Failure): boolean {
  return code === 'KUBERNETES_REFUSED' || (code === 'KUBERNETES_UNREACHABLE' && message.startsWith(endedWith))
}

const endedWith = 'a watch ended with '

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  return new Failure('KUBERNETES_REFUSED', 'what an API server said cannot be read', { cause: error })
}
