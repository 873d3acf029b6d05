import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { programOf } from './parts.ts'
import { type Ending, type RunningProcess, spawnProcess } from './process.ts'

export type NginxOptions = {
  /** Where all of its files lie; by default a new folder that is removed at the end. */
  readonly prefix?: string
  /** The whole main configuration (`nginxConfiguration` makes one), written to `nginx.conf` in the prefix; left out if that is there. */
  readonly conf?: string
}

/** A real Nginx, which has all of its files below its prefix. */
export class NginxServer implements AsyncDisposable {
  readonly prefix: string
  readonly #folder: Folder | undefined
  #process: RunningProcess | undefined

  constructor(prefix: string, folder: Folder | undefined) {
    this.prefix = prefix
    this.#folder = folder
  }

  /** The pid of its master process. */
  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  get output(): string {
    return this.#process?.output ?? ''
  }

  /** Starts it, also again after `stop` or `kill`; resolves when it listens. */
  async start(): Promise<void> {
    if (this.#process?.running) return
    await writeFile(join(this.prefix, 'nginx.pid'), '')
    this.#process = await spawnProcess(programOf('nginx'), nginxArguments(this.prefix), {
      name: 'nginx',
      cwd: this.prefix,
      // Its workers outlive a master that is killed.
      orphanSignal: 'TERM',
    })
    // It writes its pid after it has begun to listen.
    await this.#process.ready('its pid file', 10_000, async () => {
      return Number(await readFile(join(this.prefix, 'nginx.pid'), 'utf8')) > 0
    })
  }

  /** Writes `files` (names relative to the prefix) and has them read. */
  async reload(files: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.prefix, name), text)
    this.#process?.signal('SIGHUP')
  }

  async stop(ending: Ending = {}): Promise<void> {
    await this.#process?.stop({ signal: 'SIGTERM', ...ending })
  }

  /** Ends it with its workers, as a crash of the machine would. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop()
    await this.#folder?.[Symbol.asyncDispose]()
  }
}

export async function startNginx({ prefix, conf }: NginxOptions): Promise<NginxServer> {
  await using stack = new AsyncDisposableStack()
  const folder = prefix === undefined ? stack.use(await temporaryFolder('nginx')) : undefined
  const nginx = stack.use(new NginxServer(prefix ?? folder?.path ?? '', folder))
  await prepare(nginx.prefix, conf)
  await nginx.start()
  stack.move()
  return nginx
}

/** What `nginx -t` says about the configuration in a prefix, or about `conf` in a new one. Nothing is listened on. */
export async function validateNginx({ prefix, conf }: NginxOptions): Promise<{ accepted: boolean; output: string }> {
  await using folder = await temporaryFolder('nginx')
  const place = prefix ?? folder.path
  await prepare(place, conf)
  await using nginx = await spawnProcess(programOf('nginx'), [...nginxArguments(place), '-t'], { cwd: place })
  const { code } = await nginx.exited
  return { accepted: code === 0, output: nginx.output }
}

/** A main configuration for an Nginx in the foreground that keeps to its prefix. `http` is the content of its http block. */
export function nginxConfiguration(http: string): string {
  return `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
${http.replace(/^(?=.)/gm, '  ')}
}
`
}

async function prepare(prefix: string, conf: string | undefined): Promise<void> {
  await mkdir(join(prefix, 'temp'), { recursive: true })
  if (conf !== undefined) await writeFile(join(prefix, 'nginx.conf'), conf)
}

function nginxArguments(prefix: string): readonly string[] {
  // Without -e it opens the machine's own error log before it reads the configuration.
  return ['-e', 'stderr', '-p', `${prefix}/`, '-c', 'nginx.conf']
}
