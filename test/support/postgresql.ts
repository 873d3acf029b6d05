import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { type RunningProcess, spawnProcess } from './process.ts'

/** The folder of PostgreSQL's programs, where Debian keeps them or as PATH has them; undefined if there is none. */
export async function postgresqlPrograms(): Promise<string | undefined> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch(() => [])
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'))
  for (const folder of [...(process.env.PATH ?? '').split(':'), ...folders]) {
    const names: readonly string[] = await readdir(folder).catch(() => [])
    if (names.includes('initdb') && names.includes('postgres')) return folder
  }
  return undefined
}

// It refuses to run as root; this user is on every machine.
const nobody = 65_534

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
    if (process.getuid?.() === 0) await chown(server.folder, nobody, nobody)
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
    if (process.getuid?.() === 0) await chown(path, nobody, nobody)
  }

  #spawn(program: string, args: readonly string[]): Promise<RunningProcess> {
    const path = join(this.#programs, program)
    const options = { name: program, cwd: this.#owner.path, env: { LC_ALL: 'C' } }
    if (process.getuid?.() !== 0) return spawnProcess(path, args, options)
    // To become another user forgets what shall happen when the parent dies.
    const as = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--pdeathsig=KILL', '--']
    return spawnProcess('/usr/bin/setpriv', [...as, path, ...args], options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#owner[Symbol.asyncDispose]()
  }
}
