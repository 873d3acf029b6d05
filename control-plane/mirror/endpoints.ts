import type { ListedServiceRow } from '../consul/answers.ts'
import type { ServiceRecord } from './catalogue.ts'
import { ownerKey } from './names.ts'

type Endpoint = Pick<ServiceRecord, 'service' | 'address' | 'port'>

/** What others have registered under the names of our services. Names are told apart as Consul does, without regard to case. */
export class Endpoints {
  /** By service, then by endpoint: who registered it, as `<node>/<service id>`, with the Heddle owner if it has one. */
  readonly #services = new Map<string, Map<string, { readonly id: string; readonly owner: string | undefined }>>()

  /** Whether this service was ever read. */
  knows(service: string): boolean {
    return this.#services.has(service.toLowerCase())
  }

  /** Replaces what is known of a service. */
  replace(service: string, rows: Iterable<ListedServiceRow>): void {
    const endpoints = new Map<string, { id: string; owner: string | undefined }>()
    for (const row of rows) {
      const address = row.address === '' ? row.nodeAddress : row.address
      const owner = row.meta[ownerKey] ?? row.nodeMeta[ownerKey]
      endpoints.set(`${address}\n${row.port}`, { id: `${row.node}/${row.id}`, owner })
    }
    this.#services.set(service.toLowerCase(), endpoints)
  }

  /** Forgets all services but these. */
  keepOnly(services: ReadonlySet<string>): void {
    for (const service of this.#services.keys()) if (!services.has(service)) this.#services.delete(service)
  }

  /**
   * Who else has registered this endpoint, so that ours would double its weight. Between two Heddle installations the owner that
   * sorts first stays: if both yielded, neither would.
   */
  find({ service, address, port }: Endpoint, owner: string): string | undefined {
    const endpoints = this.#services.get(service.toLowerCase())
    if (!endpoints || endpoints.size === 0) return undefined
    const found = endpoints.get(`${address}\n${port}`)
    if (!found || (found.owner !== undefined && found.owner > owner)) return undefined
    return found.id
  }
}
