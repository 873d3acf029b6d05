import type { Done, Trail } from '../audit/trail.ts'
import type { AuditStore } from '../fleet/audit.ts'
import type { IdentityStore } from '../fleet/identity.ts'
import type { RoutingSplitStore, RoutingVersionStore, Store } from '../journal/store.ts'

type Routing = RoutingVersionStore & RoutingSplitStore

/** Versions of routes and splits of services, whose changes are written down, in their own transaction, where somebody asked for them. */
export function trailedStore(store: Routing & Pick<AuditStore, 'audited'>, trail: Pick<Trail, 'draft'>): Routing {
  return {
    routingVersions: store.routingVersions,
    routingVersion: store.routingVersion,
    newestRoutingVersion: store.newestRoutingVersion,
    routingSplits: store.routingSplits,
    addRoutingVersion: async (...args) => {
      const [{ author, comment, source, hash, state, former, restores }] = args
      const after = { author, source, hash, state, restores }
      const row = trail.draft({ subject: 'routing', before: { version: former }, after, why: comment })
      if (!row) return store.addRoutingVersion(...args)
      return (await store.audited('addRoutingVersion', args, [row])) as number
    },
    changeRoutingVersions: async (...args) => {
      const [changes] = args
      const after = changes.map(({ number, state, why }) => ({ number, state, why }))
      const row = trail.draft({ subject: 'routing', after, why: changes[0]?.why ?? '' })
      if (!row) return store.changeRoutingVersions(...args)
      await store.audited('changeRoutingVersions', args, [row])
    },
    saveRoutingSplits: async (...args) => {
      const [splits] = args
      const after = splits.map(({ service, phase }) => ({ service, phase }))
      const row = trail.draft({ subject: `split:${splits.map(({ service }) => service).join(',')}`, after })
      if (!row) return store.saveRoutingSplits(...args)
      await store.audited('saveRoutingSplits', args, [row])
    },
  }
}

/** The store, whose changes of who nodes are and of enrolment tokens are written down where somebody asked for them. */
export function trailedIdentities(store: Store, trail: Pick<Trail, 'draft'>): Store {
  const kept = <T>(method: keyof IdentityStore, args: readonly unknown[], done: Done, plainly: () => Promise<T>) => {
    const row = trail.draft(done)
    return row ? (store.audited(method, args, [row]) as Promise<T>) : plainly()
  }
  return {
    ...store,
    changeIdentity: (change) => {
      const { node, state, serial, scope, version } = change.identity
      const why = change.revocations?.[0]?.why ?? ''
      const done = { subject: `identity:${node}`, before: { version }, after: { state, serial, scope }, why }
      return kept('changeIdentity', [change], done, () => store.changeIdentity(change))
    },
    addRevocations: (revocations) => {
      const [{ subject = '', why = '' } = {}] = revocations
      const after = revocations.map(({ subject, kind, endsAt }) => ({ subject, kind, ends_at: endsAt }))
      return kept('addRevocations', [revocations], { subject: `revocation:${subject}`, after, why }, () =>
        store.addRevocations(revocations),
      )
    },
    addToken: (token) => {
      const { id, usesLeft, expiresAt, grant, author } = token
      const done = { subject: `enrolment:${id}`, after: { usesLeft, expiresAt, grant, author } }
      return kept('addToken', [token], done, () => store.addToken(token))
    },
    endToken: (id) => kept('endToken', [id], { subject: `enrolment:${id}` }, () => store.endToken(id)),
    addAuthority: (authority) => {
      const { id, state } = authority
      return kept('addAuthority', [authority], { subject: `authority:${id}`, after: { state } }, () =>
        store.addAuthority(authority),
      )
    },
    changeAuthorities: (changes) =>
      kept('changeAuthorities', [changes], { subject: 'authorities', after: changes }, () =>
        store.changeAuthorities(changes),
      ),
  }
}
