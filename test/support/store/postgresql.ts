import { chmod, mkdir, readdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { type Folder, temporaryFolder } from '../folder.ts'
import { asNobody, giveToNobody } from '../not-as-root.ts'
import { missingParts, programOf } from '../parts.ts'
import { freePort } from '../ports.ts'
import { type RunningProcess, spawnProcess } from '../process.ts'

/** The folder of PostgreSQL's programs, as the set-up found or made it, or where Debian keeps them; undefined if there is none. */
export async function postgresqlPrograms(): Promise<string | undefined> {
  const own = missingParts(['postgresql']).length === 0 ? programOf('postgresql') : undefined
  const found = own === undefined ? [] : [dirname(own), dirname(await realpath(own))]
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch(() => [])
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'))
  for (const folder of [...found, ...(process.env.PATH ?? '').split(':'), ...folders]) {
    const names: readonly string[] = await readdir(folder).catch(() => [])
    if (names.includes('initdb') && names.includes('postgres')) return folder
  }
  return undefined
}

/** A real PostgreSQL with a new cluster of its own. Over TCP it asks for a password. */
export class PostgresqlServer implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #programs: string
  readonly #owner: Folder
  #process: RunningProcess | undefined

  private constructor(programs: string, owner: Folder, port: number) {
    this.#programs = programs
    this.#owner = owner
    this.folder = join(owner.path, 'data')
    this.port = port
  }

  static async create(programs: string): Promise<PostgresqlServer> {
    const owner = await temporaryFolder('postgresql')
    const server = new PostgresqlServer(programs, owner, await freePort())
    await mkdir(server.folder)
    await giveToNobody(server.folder)
    await server.put('../password', 'secret\n')
    const options = ['-U', 'postgres', '--auth=scram-sha-256', '--no-sync', '--no-locale', '-E', 'UTF8']
    await using made = await server.#spawn('initdb', [
      '-D',
      server.folder,
      ...options,
      `--pwfile=${owner.path}/password`,
    ])
    const { code } = await made.exited
    if (code !== 0) throw new Error(`initdb ended with ${code}: ${made.output}`)
    return server
  }

  /** The password of the user postgres, as a client is told it. */
  get passwordFile(): string {
    return join(this.#owner.path, 'password')
  }

  /** Asks it as its superuser. Numbers of 64 bits come as text. */
  async query<Row = Record<string, unknown>>(text: string, database = 'postgres'): Promise<readonly Row[]> {
    const client = new Client({ host: '127.0.0.1', port: this.port, user: 'postgres', password: 'secret', database })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  /** @param said a part of its log that tells that it is as far as is wanted */
  async start(settings: readonly string[] = [], said = 'ready to accept connections'): Promise<void> {
    const own = [`port=${this.port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
    const options = [...own, ...settings].flatMap((setting) => ['-c', setting])
    const started = await this.#spawn('postgres', ['-D', this.folder, ...options])
    this.#process = started
    await started.ready(`"${said}"`, 20_000, () => started.output.includes(said))
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.signal(name)
  }

  /** Ends all connections and stops. */
  async stop(): Promise<void> {
    await this.#process?.stop({ signal: 'SIGINT' })
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** Writes a file into its folder. */
  async put(name: string, text: string): Promise<void> {
    const path = join(this.folder, name)
    await writeFile(path, text)
    await chmod(path, 0o600)
    await giveToNobody(path)
  }

  #spawn(name: string, args: readonly string[]): Promise<RunningProcess> {
    const [program, all] = asNobody(join(this.#programs, name), args)
    return spawnProcess(program, all, { name, cwd: this.#owner.path, env: { LC_ALL: 'C' } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#owner[Symbol.asyncDispose]()
  }
}
