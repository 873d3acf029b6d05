import got, { RequestError } from 'got'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { atLeastHeader, revisionHeader, revisionIn } from '#shared/http/revision-headers.ts'
import { EventView, ExplainView, InstanceView, NodeView, ServiceView } from '#shared/protocol/api.ts'
import {
  type AdmissionRequest,
  type ApproveRequest,
  ApproveView,
  ChangeView,
  type FreezeRequest,
  type SweepRequest,
  SweepView,
} from '#shared/protocol/change-api.ts'
import { type DecisionRequest, DecisionView, DiscoveredView } from '#shared/protocol/discovery.ts'
import { DriftView, type RepairRequest, RepairView } from '#shared/protocol/drift.ts'
import { FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import { LintView } from '#shared/protocol/lint.ts'
import {
  DesiredView,
  type LogLevelRequest,
  type RestartRequest,
  RestartView,
  type RollbackRequest,
  SettingsListView,
  SettingsNodesView,
  type SettingsRequest,
  SettingsVersionView,
  SettingsView,
} from '#shared/protocol/orders-api.ts'
import { NamedRouteView, type RouteExplainRequest, RouteExplainView } from '#shared/protocol/route-explain.ts'
import { StatusView } from '#shared/protocol/status-api.ts'
import type { Deadline } from '../deadline.ts'
import { AccessCalls } from './access.ts'
import { EnvironmentCalls } from './environments.ts'
import { IdentityCalls } from './identity.ts'
import { PeopleCalls } from './people.ts'
import { problemFailure } from './problem.ts'
import type { Query, Request } from './request.ts'
import { RoutingCalls } from './routing.ts'
import { SplitCalls } from './splits.ts'
import { type Credentials, credentialsFrom } from './token.ts'
import { UpgradeCalls } from './upgrades.ts'

/** The path of an instance, a node or a datacenter in the API: names are any text. */
const part = encodeURIComponent

/**
 * The control plane, asked by its API. Nothing is tried twice: who calls knows whether that makes sense. Every method throws
 * PLANE_UNREACHABLE, PLANE_FAILED, PLANE_REFUSED, NOT_FOUND, ARGUMENT_INVALID or PLANE_ANSWER_UNREADABLE.
 */
export class Plane {
  readonly address: string
  readonly credentials: Credentials
  readonly #deadline: Deadline
  readonly #stop: AbortSignal
  /** The revision that has what was changed here: behind a balancer the next request may come to another plane. */
  #changedAt: number | undefined

  /** @param address a URL without a trailing slash */
  constructor(address: string, deadline: Deadline, stop: AbortSignal, credentials = credentialsFrom(undefined)) {
    this.address = address
    this.credentials = credentials
    this.#deadline = deadline
    this.#stop = stop
  }

  /** @param mostMs bounds this request, besides the deadline */
  /** @param at a moment of the past: an ISO time or a revision */
  status(mostMs?: number, at?: string): Promise<StatusView> {
    const request = { asked: 'read the status', path: '/v1/status', ...(at === undefined ? {} : { query: { at } }) }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, StatusView)
  }

  services(): Promise<ServiceView[]> {
    return this.#list({ asked: 'list services', path: '/v1/services' }, ServiceView)
  }

  nodes(): Promise<NodeView[]> {
    return this.#list({ asked: 'list nodes', path: '/v1/nodes' }, NodeView)
  }

  instances(query: { readonly service?: string; readonly node?: string } = {}): Promise<InstanceView[]> {
    return this.#list({ asked: 'list instances', path: '/v1/instances', query }, InstanceView)
  }

  instance(id: string): Promise<InstanceView> {
    return this.#ask({ asked: `find instance ${id}`, path: `/v1/instances/${part(id)}` }, InstanceView)
  }

  /** @param at a moment of the past: an ISO time or a revision */
  explain(id: string, at?: string): Promise<ExplainView> {
    const request = { asked: `explain ${id}`, path: `/v1/instances/${part(id)}/explain` }
    return this.#ask(at === undefined ? request : { ...request, query: { at } }, ExplainView)
  }

  /** What gateways would make of a request. */
  explainRequest(body: RouteExplainRequest): Promise<RouteExplainView> {
    const asked = `explain ${body.method} ${body.url}`
    return this.#ask({ asked, method: 'POST', path: '/v1/routing/explain', body }, RouteExplainView)
  }

  /** A route as each gateway has it that has one of this name. */
  async explainRoute(name: string): Promise<NamedRouteView> {
    // Nothing and dots would ask for something else, and no route is called so.
    if (/^\.{0,2}$/.test(name)) return { route: name, gateways: [], near: [] }
    return this.#ask(
      { asked: `explain route ${name}`, path: `/v1/routing/routes/${part(name)}/explain` },
      NamedRouteView,
    )
  }

  /** Changes the admission of an instance, or of a node with all that is on it, now and later. */
  admit(
    target: { readonly kind: 'instance' | 'node'; readonly id: string },
    body: AdmissionRequest,
  ): Promise<ChangeView> {
    const path = `/v1/${target.kind}s/${part(target.id)}/admission`
    const asked = `set ${target.kind} ${target.id} to ${body.admission}`
    return this.#ask({ asked, method: 'PUT', path, body }, ChangeView)
  }

  freeze(body: FreezeRequest): Promise<ChangeView> {
    return this.#ask({ asked: 'freeze', method: 'POST', path: '/v1/freeze', body }, ChangeView)
  }

  thaw(body: FreezeRequest): Promise<ChangeView> {
    return this.#ask({ asked: 'thaw', method: 'POST', path: '/v1/thaw', body }, ChangeView)
  }

  sweep(datacenter: string, body: SweepRequest): Promise<SweepView> {
    const path = `/v1/datacenters/${part(datacenter)}/sweep`
    return this.#ask({ asked: `sweep ${datacenter}`, method: 'POST', path, body }, SweepView)
  }

  approveDeletions(datacenter: string, body: ApproveRequest): Promise<ApproveView> {
    const path = `/v1/datacenters/${part(datacenter)}/deletions`
    return this.#ask({ asked: `approve deletions in ${datacenter}`, method: 'POST', path, body }, ApproveView)
  }

  /** What agents found that nobody declared. */
  discovered(): Promise<DiscoveredView> {
    return this.#ask({ asked: 'list what was discovered', path: '/v1/discovered' }, DiscoveredView)
  }

  /** Adopts something found, or ignores it; answered when its agent has that on its disk. */
  decide(id: string, body: DecisionRequest): Promise<DecisionView> {
    return this.#ask(
      { asked: `${body.do} ${id}`, method: 'PUT', path: `/v1/discovered/${part(id)}`, body },
      DecisionView,
    )
  }

  /** How the clusters stand, and which one answers by each rule. */
  federation(): Promise<FederationView> {
    return this.#ask({ asked: 'ask how the clusters stand', path: '/v1/federation' }, FederationView)
  }

  /** @param pin the cluster that is wanted; undefined: none in particular */
  decideCluster(type: string, pin: string | undefined): Promise<FederationDecision> {
    const request = { asked: `ask which cluster answers ${type}`, path: '/v1/federation/decision' }
    return this.#ask({ ...request, query: { type, pin } }, FederationDecision)
  }

  /** What each sink truly shows, against what it should. */
  drift(): Promise<DriftView> {
    return this.#ask({ asked: 'compare what sinks show', path: '/v1/drift' }, DriftView)
  }

  /** Has sinks set right what differs. */
  repair(body: RepairRequest): Promise<RepairView> {
    return this.#ask({ asked: 'repair what differs', method: 'POST', path: '/v1/drift/repair', body }, RepairView)
  }

  /** @param criticalFor a duration such as 24h */
  lint(datacenter: string, criticalFor: string | undefined): Promise<LintView> {
    const request = { asked: `lint ${datacenter}`, path: `/v1/datacenters/${part(datacenter)}/lint` }
    return this.#ask({ ...request, query: { critical_for: criticalFor } }, LintView)
  }

  /** What a node should do, and what its agent says that it does. */
  desired(node: string): Promise<DesiredView> {
    return this.#ask({ asked: `ask what ${node} should do`, path: `/v1/nodes/${part(node)}/desired` }, DesiredView)
  }

  orderLogLevel(node: string, body: LogLevelRequest): Promise<ChangeView> {
    const path = `/v1/nodes/${part(node)}/log-level`
    return this.#ask({ asked: `set the log level of ${node}`, method: 'PUT', path, body }, ChangeView)
  }

  orderRestart(node: string, body: Omit<RestartRequest, 'expires_in_ms'> & { expires_in_ms?: number }) {
    const path = `/v1/nodes/${part(node)}/restarts`
    return this.#ask({ asked: `restart ${body.name} of ${node}`, method: 'POST', path, body }, RestartView)
  }

  /** @param mostMs bounds this request, besides the deadline */
  restart(node: string, id: string, mostMs: number): Promise<RestartView> {
    const path = `/v1/nodes/${part(node)}/restarts/${part(id)}`
    return this.#ask({ asked: `ask for restart ${id}`, path, mostMs }, RestartView)
  }

  /** The scopes for which settings of agents are held. */
  settingsList(): Promise<SettingsListView> {
    return this.#ask({ asked: 'list settings', path: '/v1/settings' }, SettingsListView)
  }

  settings(scope: string): Promise<SettingsView> {
    return this.#ask({ asked: `read the settings of ${scope}`, path: `/v1/settings/${part(scope)}` }, SettingsView)
  }

  settingsVersion(scope: string, version: number): Promise<SettingsVersionView> {
    const path = `/v1/settings/${part(scope)}/versions/${version}`
    return this.#ask({ asked: `read version ${version} of the settings of ${scope}`, path }, SettingsVersionView)
  }

  settingsNodes(scope: string): Promise<SettingsNodesView> {
    const path = `/v1/settings/${part(scope)}/nodes`
    return this.#ask({ asked: `ask which agents run the settings of ${scope}`, path }, SettingsNodesView)
  }

  /** @param made the version that it was made for; undefined: whichever there is */
  writeSettings(scope: string, body: SettingsRequest, made?: number): Promise<ChangeView> {
    const path = `/v1/settings/${part(scope)}`
    const request = { asked: `write the settings of ${scope}`, method: 'PUT', path, body } as const
    return this.#ask(made === undefined ? request : { ...request, ifMatch: `"${made}"` }, ChangeView)
  }

  /** @param made as for `writeSettings` */
  rollbackSettings(scope: string, body: RollbackRequest, made?: number): Promise<ChangeView> {
    const path = `/v1/settings/${part(scope)}/rollback`
    const request = { asked: `roll back the settings of ${scope}`, method: 'POST', path, body } as const
    return this.#ask(made === undefined ? request : { ...request, ifMatch: `"${made}"` }, ChangeView)
  }

  /** A page of events, oldest first. Without `after` and `since`: the newest. */
  events(query: { readonly after?: number; readonly since?: string; readonly limit: number }): Promise<EventView[]> {
    return this.#ask({ asked: 'read events', path: '/v1/events', query }, z.array(EventView))
  }

  /** Who is known by certificates. */
  get identity(): IdentityCalls {
    return new IdentityCalls(
      (request, schema) => this.#ask(request, schema),
      (request, item) => this.#list(request, item),
    )
  }

  /** People, and where they are signed in. */
  get people(): PeopleCalls {
    return new PeopleCalls((request, schema) => this.#ask(request, schema))
  }

  /** Who asks, the tokens of the API, and the audit. */
  get access(): AccessCalls {
    return new AccessCalls((request, schema) => this.#ask(request, schema))
  }

  /** Environments of users, and whose everything is. */
  get environments(): EnvironmentCalls {
    return new EnvironmentCalls(
      (request, schema) => this.#ask(request, schema),
      (request, item) => this.#list(request, item),
    )
  }

  /** How new versions of services get their requests. */
  get splits(): SplitCalls {
    return new SplitCalls((request, schema) => this.#ask(request, schema))
  }

  /** Releases of agents, and how they come to hosts. */
  get upgrades(): UpgradeCalls {
    return new UpgradeCalls((request, schema) => this.#ask(request, schema))
  }

  /** The declaration of routes and its versions. */
  get routing(): RoutingCalls {
    return new RoutingCalls((request, schema) => this.#ask(request, schema))
  }

  /** All pages of a list, one after the other. */
  async #list<T extends z.core.$ZodType>(request: Request, item: T): Promise<z.core.output<T>[]> {
    const all: z.core.output<T>[] = []
    for (let query: Query | undefined = request.query ?? {}; query; ) {
      const { body, headers } = await this.#send({ ...request, query })
      all.push(...readAnswer(z.array(item), body, request.asked, this.address))
      const after = nextPage(headers.link)
      query = after === undefined ? undefined : { ...request.query, after }
    }
    return all
  }

  async #ask<T extends z.core.$ZodType>(request: Request, schema: T): Promise<z.core.output<T>> {
    const { body } = await this.#send(request)
    return readAnswer(schema, body, request.asked, this.address)
  }

  async #send(request: Request): Promise<{ readonly body: string; readonly headers: { readonly link?: string } }> {
    const { asked, method = 'GET', path, query = {}, body, mostMs, ifMatch, key } = request
    const timeoutMs = Math.max(1, Math.ceil(Math.min(mostMs ?? Number.POSITIVE_INFINITY, this.#deadline.leftMs())))
    const credentials = await this.credentials()
    const response = await got(`${this.address}${path}${queryText(query)}`, {
      method,
      ...(body === undefined ? {} : { json: body }),
      headers: {
        accept: 'application/json, application/problem+json',
        ...credentials,
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(this.#changedAt === undefined ? {} : { [atLeastHeader]: String(this.#changedAt) }),
      },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      timeout: { request: timeoutMs },
      signal: this.#stop,
    }).catch((error: unknown) => {
      throw unreachable(this.address, asked, error)
    })
    const revision = revisionIn(response.headers[revisionHeader])
    if (revision !== undefined) this.#changedAt = Math.max(revision, this.#changedAt ?? 0)
    if (response.statusCode < 200 || response.statusCode > 299) {
      throw problemFailure(asked, response.statusCode, response.body)
    }
    const { link } = response.headers
    return { body: response.body, headers: typeof link === 'string' ? { link } : {} }
  }
}

/** After which item the next page begins, as a `Link` header says; undefined: that was all. */
export function nextPage(link: string | undefined): string | undefined {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  return target === undefined ? undefined : (new URLSearchParams(target.split('?', 2)[1]).get('after') ?? undefined)
}

/** `?service=crm`, without what is undefined. */
export function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** What no answer means. Other errors are ours and pass as they are. */
export function unreachable(address: string, asked: string, error: unknown): unknown {
  if (!(error instanceof RequestError)) return error
  // OpenSSL says it in its own words, and with its line numbers.
  const cause = /SSL routines.*wrong version number/.test(error.message)
    ? new Error('what answers there is not TLS')
    : error
  const remedy = error.code === 'ECONNRESET' && address.startsWith('http:') ? perhapsWithinTls : distrusted[error.code]
  return new Failure('PLANE_UNREACHABLE', `could not ${asked} at ${address}`, {
    cause,
    retryable: true,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

const perhapsWithinTls =
  'If it is asked over TLS, name it as `https://...` by --plane or HEDDLE_PLANE, and its authority by --ca or HEDDLE_CA.'
const noAuthority =
  'Name the authority of the plane by --ca or HEDDLE_CA: `heddle-ca.pem`, which lies beside its journal.'
const clocks = "Compare the clock of this host with that of the plane's."

/** What to do where a plane answers and is not believed, by what TLS says. */
const distrusted: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: noAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: noAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: noAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: noAuthority,
  CERT_SIGNATURE_FAILURE: noAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Ask it by one of those names (--plane), or add this one to `api.names` of the plane.',
  CERT_HAS_EXPIRED: clocks,
  CERT_NOT_YET_VALID: clocks,
}

/** An answer read by its schema; throws PLANE_ANSWER_UNREADABLE and names the first place that does not fit. */
export function readAnswer<T extends z.core.$ZodType>(
  schema: T,
  text: string,
  asked: string,
  address: string,
): z.core.output<T> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Failure('PLANE_ANSWER_UNREADABLE', `could not ${asked}: ${address} answered no JSON`, { cause })
  }
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const places = result.error.issues.map(({ path }) => path.map(String).join('.') || '(the whole)')
  throw new Failure('PLANE_ANSWER_UNREADABLE', `could not ${asked}: the answer of ${address} has another form`, {
    cause: new Error(`at ${places.slice(0, 5).join(', ')}`),
  })
}
