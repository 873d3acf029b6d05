import { DatabaseSync } from 'node:sqlite'
import { openStore, type StoreSettings } from '#control-plane/journal/open-store.ts'
import { PostgresqlConfig } from '#control-plane/journal/postgresql/config.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { temporaryFolder } from '../folder.ts'
import { memoryStore } from './journal.ts'
import { PostgresqlServer, postgresqlPrograms } from './postgresql.ts'

/** A kind of store that the same promises hold for. */
export type StoreKind = {
  readonly name: string
  /** A new store that nobody keeps. */
  readonly open: () => Promise<Store>
  /** Where a new store may be opened again and again. */
  readonly place: () => Promise<StorePlace>
  /** Tries of a property, as many as this kind has time for. */
  readonly tries: (usual: number) => number
}

export type StorePlace = AsyncDisposable & {
  readonly settings: StoreSettings
  /** A look into it as a reporting tool has it. Booleans and numbers of 64 bits as the database gives them. */
  readonly query: (text: string) => Promise<readonly Readonly<Record<string, unknown>>[]>
}

export const sqlite: StoreKind = {
  name: 'SQLite',
  open: memoryStore,
  tries: (usual) => usual,
  async place() {
    const folder = await temporaryFolder('store')
    const path = `${folder.path}/heddle.db`
    return {
      settings: { path },
      async query(text) {
        using reader = new DatabaseSync(path, { readOnly: true })
        return reader
          .prepare(text)
          .all()
          .map((row) => ({ ...row }))
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  },
}

/** What makes a used database like a new one. */
const clearing = [
  'delete from journal',
  'delete from snapshots',
  'delete from snapshot_parts',
  'delete from replicas',
  'update journal_head set revision = 0',
  'update table_cursor set revision = 0',
  `update leadership set run = '', holder = '', epoch = 0, expires = 0`,
  'truncate service_registry, cluster_nodes, service_metrics, sync_tasks, routing_versions, routing_splits, authorities, enrolment_tokens, identities, revocations, api_tokens, access_tries, user_sessions, sign_in_links, sign_ins, audit, environments, releases, upgrade_rollouts restart identity',
  'delete from cluster_users where id > 3',
  `update cluster_users set role = user_id, status = 'inactive', last_login = null, enrolled_at = null`,
  `update audit_head set seq = 0, hash = '', dropped_seq = 0, dropped_hash = ''`,
].join('; ')

/** A running PostgreSQL, each store that is open at a time a database of its own in it. It asks for no password. */
export class PostgresqlKind implements StoreKind, AsyncDisposable {
  readonly name = 'PostgreSQL'
  readonly tries = (usual: number) => Math.ceil(usual / 8)
  readonly server: PostgresqlServer
  readonly #free: string[] = []
  #databases = 0

  private constructor(server: PostgresqlServer) {
    this.server = server
  }

  static async start(settings: readonly string[] = []): Promise<PostgresqlKind> {
    const server = await PostgresqlServer.create((await postgresqlPrograms()) ?? '')
    await server.put('pg_hba.conf', 'host all all 127.0.0.1/32 trust\n')
    await server.start(settings)
    return new PostgresqlKind(server)
  }

  /** Creates an empty database. */
  async database(): Promise<string> {
    this.#databases += 1
    const name = `heddle_${this.#databases}`
    // Its order of texts is that of a language, as in most databases; older servers have only that of their machine.
    const ofLanguage = `create database ${name} template template0 locale_provider icu icu_locale 'en' locale 'C'`
    await this.server.query(ofLanguage).catch(() => this.server.query(`create database ${name}`))
    return name
  }

  settings(database: string): PostgresqlConfig {
    return PostgresqlConfig.parse({ host: '127.0.0.1', port: this.server.port, database, user: 'postgres' })
  }

  readonly open = async (): Promise<Store> => {
    const place = await this.place()
    const store = await openStore(place.settings)
    const dispose = async () => {
      await store[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    }
    return { ...store, [Symbol.asyncDispose]: dispose }
  }

  readonly place = async (): Promise<StorePlace> => {
    const folder = await temporaryFolder('notes')
    const database = this.#free.pop() ?? (await this.database())
    return {
      settings: { path: `${folder.path}/heddle.db`, postgresql: this.settings(database) },
      query: (text) => this.server.query(text, database),
      [Symbol.asyncDispose]: async () => {
        await folder[Symbol.asyncDispose]()
        await this.server.query(clearing, database)
        this.#free.push(database)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}
