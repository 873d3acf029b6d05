import { isDeepStrictEqual } from 'node:util'
import {
  type AskedAuthenticator,
  type AskedService,
  type AuthorizerSet,
  mostAskedEndpoints,
} from '#shared/protocol/authorizer.ts'
import type { TableUpdate } from './publisher.ts'
import { serviceOfAuthenticator } from './table/services-of.ts'
import type { Authenticator, RouteTable, Service } from './table.ts'

/** What the agents beside a gateway's proxies need to check its tokens: its authenticators, and where their services are asked now. */
export function authorizerSetOf({ authenticators, services }: Pick<RouteTable, 'authenticators' | 'services'>) {
  return {
    authenticators: authenticators.map((authenticator) => {
      const service = services.find(({ name }) => name === serviceOfAuthenticator(authenticator))
      return askedOf(authenticator, askedService(serviceOfAuthenticator(authenticator), service))
    }),
  } satisfies AuthorizerSet
}

function askedOf(authenticator: Authenticator, service: AskedService): AskedAuthenticator {
  const { name, permissionsClaim } = authenticator
  const common = { name, permissionsClaim, service }
  switch (authenticator.kind) {
    case 'jwt': {
      const { issuer, audiences, keys } = authenticator
      const { path, refreshMs } = keys
      return { kind: 'jwt', ...common, issuer, audiences: [...audiences], path, refreshMs }
    }
    case 'external': {
      const { path, timeoutMs, cacheMs } = authenticator
      return { kind: 'external', ...common, path, timeoutMs, cacheMs }
    }
  }
}

/** Envoy checks tokens by a key set itself. */
function asksAgents({ proxy, authenticators }: RouteTable): boolean {
  return authenticators.some(({ kind }) => proxy === 'nginx' || kind === 'external')
}

const connectTimeoutMs = 1_000

function askedService(name: string, service: Service | undefined): AskedService {
  const endpoints = (service?.endpoints ?? [])
    .toSorted((a, b) => a.priority - b.priority)
    .slice(0, mostAskedEndpoints)
    .map(({ address, port, priority }) => ({ address, port, priority }))
  return {
    name,
    endpoints,
    connectTimeoutMs: service?.connectTimeoutMs ?? connectTimeoutMs,
    ...(service?.tls ? { tls: { name: service.tls.name, ca: service.tls.ca } } : {}),
  }
}

/** Hands each gateway's set to the agents that authorize for it, whenever it is another one than before. */
export class Authorizers {
  readonly #send: (gateway: string, set: AuthorizerSet | undefined) => void
  readonly #sent = new Map<string, { readonly table: RouteTable; readonly set: AuthorizerSet }>()

  /** @param send undefined: the gateway is no longer declared */
  constructor(send: (gateway: string, set: AuthorizerSet | undefined) => void) {
    this.#send = send
  }

  take({ table }: Pick<TableUpdate, 'table'>): void {
    const { gateway } = table
    const before = this.#sent.get(gateway)
    if (before?.table === table) return
    const set = authorizerSetOf(table)
    this.#sent.set(gateway, { table, set })
    if (!isDeepStrictEqual(before?.set, set)) this.#send(gateway, set)
  }

  withdraw(gateway: string): void {
    if (this.#sent.delete(gateway)) this.#send(gateway, undefined)
  }

  /** Gateways whose proxies ask an agent about tokens, but no agent answers. @param authorized gateways for which one does */
  problems(authorized: ReadonlySet<string>): readonly string[] {
    return [...this.#sent.values()].flatMap(({ table }) => {
      if (authorized.has(table.gateway) || !asksAgents(table)) return []
      const remedy = `name it in \`authorizers\` of the agent beside its proxies, at ${table.authorizer}`
      return [`gateway ${table.gateway} (${table.source}) asks for tokens, but no agent checks them: ${remedy}`]
    })
  }
}
