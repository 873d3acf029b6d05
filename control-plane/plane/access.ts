import type { ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { explainError } from '#shared/failure/failure.ts'
import { warn } from '#shared/logging/logger.ts'
import { Bearers } from '../access/bearers.ts'
import { openBreakGlass } from '../access/break-glass.ts'
import type { Caller } from '../access/caller.ts'
import { makeFirstToken } from '../access/first-token.ts'
import { AccessGuard, type Admitted } from '../access/guard.ts'
import { HostCheck } from '../access/hosts.ts'
import { AccessMode } from '../access/mode.ts'
import { CallRates } from '../access/rates.ts'
import { AccessTokens } from '../access/tokens.ts'
import { Voucher } from '../access/vouch.ts'
import { AuditHeads, auditKey } from '../audit/heads.ts'
import { retainAudit } from '../audit/retain.ts'
import { draftOf, type Trail } from '../audit/trail.ts'
import { isLoopback } from '../config.ts'
import type { Store } from '../journal/store.ts'
import type { Lead } from '../leadership/lead.ts'
import { cadence, type Job } from '../timetable.ts'
import type { Zervi } from '../zervi/client.ts'
import type { CallerOf } from './callers.ts'
import { isForLeader } from './forward.ts'
import { type People, startPeople } from './people.ts'
import type { Run } from './run.ts'

export type AccessParts = {
  readonly store: Store
  readonly trail: Trail
  readonly lead: Lead
  /** Callers come over TLS. */
  readonly encrypted: boolean
  /** Who it is by a certificate or by the listener that it came on; undefined: its token says it. */
  readonly callerOf: CallerOf
  /** Who vouches for callers whose tokens are none of ours; undefined: nobody. */
  readonly zervi?: Zervi | undefined
}

/** Who may do what, and what is written down of it. */
export type Access = AsyncDisposable & {
  readonly guard: AccessGuard
  readonly trail: Trail
  readonly tokens: AccessTokens
  readonly mode: AccessMode
  readonly people: People
  readonly hosts: HostCheck
  readonly rates: CallRates
  /** What a person should know. */
  readonly problems: () => readonly string[]
  readonly jobs: readonly Job[]
}

/** Tokens that have ended are shown for so long. */
const shownForMs = 30 * 24 * 3_600_000
const lastWordMs = 2_000

export async function startAccess(run: Run, parts: AccessParts): Promise<Access> {
  const { store, trail, lead, encrypted, callerOf, zervi } = parts
  const { config, log } = run
  const { api, access, audit, journal } = config
  const path = resolve(journal.path === ':memory:' ? 'heddle.db' : journal.path)
  const exposed = encrypted || !isLoopback(api.address)
  const mode = new AccessMode({
    ...{ config: access, exposed, store },
    vouched: access.oidc !== undefined || config.zervi !== undefined,
  })
  await mode.look()
  const warning = mode.warning()
  if (warning !== undefined) log.warn(warning)
  const own = { caller: 'plane', from: '' }
  const locked = async (subject: string, from: string) => {
    log.warn({ subject, from }, 'too many tries with tokens that are not valid: refused for a while')
    const doing = { caller: 'unknown', from, operation: 'lock out', path: subject }
    const row = draftOf(doing, { after: { lasts_ms: access.lockout.lasts } }, Date.now())
    await store.appendAudit([row]).catch(warn(log, 'that somebody is locked out could not be written down'))
  }
  const tokens = new AccessTokens({ store, limits: access.lockout, onLocked: locked, log })
  const people = await startPeople(run, { store, tokens, encrypted, exposed, required: mode.required(), path })
  const voucher = config.zervi && zervi && new Voucher({ zervi, config: config.zervi, log })
  if (mode.required()) {
    const row = (subject: string, after: object) =>
      draftOf({ ...own, operation: 'first start', path: subject }, { after }, Date.now())
    const first = { store, file: `${path}-first-token`, audit: row, log, now: Date.now() }
    await makeFirstToken(first).catch(warn(log, 'the token of the first start could not be made'))
  }
  const hosts = new HostCheck(() => [
    hostname(),
    ...api.names,
    ...advertisedName(api.advertise),
    ...advertisedName(access.url),
  ])
  const rates = new CallRates(access.rates)
  const guard = new AccessGuard({
    tokens: new Bearers(tokens, voucher),
    sessions: people.proofs,
    hosts,
    rates,
    required: mode.required,
    callerOf: (request) => callerOf(request, mode.required()),
    audited: (admitted, next, response) => goOn(admitted, next, { trail, store, lead, response }),
    log,
  })
  await using stack = new AsyncDisposableStack()
  const socket = await openSocket(run, path, store).catch((error: unknown) => {
    log.warn({ err: error }, 'root cannot be let in by a socket')
    // Where nobody asked for it, nobody waits for it.
    return access.run_dir === undefined ? '' : explainError(error)
  })
  if (typeof socket !== 'string') stack.use(socket)
  const heads = await openHeads(run, path, store)
  const open = stack.move()
  return {
    guard,
    hosts,
    rates,
    trail,
    tokens,
    mode,
    people,
    problems: () => [
      ...[mode.problem() ?? []].flat(),
      ...(typeof socket === 'string' && socket !== '' ? [socket] : []),
      ...rates.problems(),
      ...[voucher?.trouble ?? []].flat(),
    ],
    jobs: [
      { name: 'look whether callers need tokens by now', when: cadence(2_000), run: () => mode.look().catch(() => {}) },
      {
        name: 'break off what is read by callers who count no more',
        when: cadence(1_000),
        run: () => guard.endStale((caller) => counts(caller, { tokens, people, voucher })).catch(() => {}),
      },
      { name: 'sign where the audit stands', when: cadence(60_000), run: () => heads?.say(Date.now()) },
      {
        name: 'drop old rows of the audit, tokens that ended long ago, and sessions and links that are over',
        when: cadence(60_000),
        run: async () => {
          if (!lead.leads()) return
          await retainAudit(store, Date.now() - audit.retention)
          await store.dropApiTokens(Date.now() - shownForMs)
          await store.dropPeople(Date.now())
        },
      },
    ],
    [Symbol.asyncDispose]: async () => {
      const said = heads?.say(Date.now()).catch(warn(log, 'where the audit stands could not be said'))
      // A store that does not answer holds nobody up.
      await Promise.race([said, pause(lastWordMs, undefined, { ref: false })])
      await open.disposeAsync()
    },
  }
}

type Proofs = Pick<Access, 'tokens' | 'people'> & { readonly voucher: Voucher | undefined }

/** Whether somebody counts still who was let in. Rejects as the store does. */
async function counts(
  { kind, id }: Caller & { readonly id: string },
  { tokens, people, voucher }: Proofs,
): Promise<boolean> {
  if (kind === 'person') return people.sessions.counts(id)
  if (kind === 'vouched') return voucher?.counts(id) ?? false
  return tokens.counts(id)
}

function advertisedName(url: string | undefined): readonly string[] {
  return url === undefined ? [] : [new URL(url).hostname]
}

function openSocket({ config, log }: Run, path: string, store: Store) {
  const folder = config.access.run_dir ?? process.env.RUNTIME_DIRECTORY ?? `${path}-run`
  return openBreakGlass({
    folder,
    store,
    audit: ({ by, why, subject }) => {
      const doing = { caller: `break-glass:${by}`, from: 'this host', operation: 'break-glass', path: subject }
      return draftOf(doing, { why, after: { role: 'admin' } }, Date.now())
    },
    log,
  })
}

async function openHeads({ config, log }: Run, path: string, store: Store): Promise<AuditHeads | undefined> {
  const file = config.audit.heads_file ?? `${path}-audit.heads`
  try {
    return new AuditHeads({ store, installation: store.installation, file, key: await auditKey(`${path}-audit-key`) })
  } catch (error) {
    log.error({ err: error }, 'where the audit stands is not signed')
    return undefined
  }
}

type GoingOn = Pick<AccessParts, 'trail' | 'store' | 'lead'> & { readonly response: ServerResponse }

/** What is done outside of the store is written down before it is begun; the rest with what it changes. */
async function goOn({ caller, operation, path, from }: Admitted, next: () => void, parts: GoingOn): Promise<void> {
  const { trail, store, lead, response } = parts
  const named = `${operation.method} ${operation.path}`
  const author = caller.kind === 'open' ? undefined : `operator:${caller.name.replace(/^(token|user):/, '')}`
  const isOver = () => response.writableEnded || response.destroyed
  const doing = { caller: caller.name, from, operation: named, path, author, isOver }
  // What only the leader does it writes down itself.
  const isForwarded = isForLeader(operation.method, path) && !lead.leads()
  if (operation.audited === 'first' && !isForwarded) {
    await store.appendAudit([draftOf(doing, {}, Date.now())])
    if (response.destroyed) return
  }
  trail.run(doing, next)
}
