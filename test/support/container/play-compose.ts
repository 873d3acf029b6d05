import { chown, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { partsFolder } from '../../../setup/steps.mjs'
import { type Folder, temporaryFolder } from '../folder.ts'
import { programOf, projectFolder } from '../parts.ts'
import { postgresqlPrograms } from '../store/postgresql.ts'
import { type Compose, inOrder, type Service, volumesOf } from './compose.ts'
import { ComposeNetworks } from './compose-networks.ts'
import { Container, type Mount } from './container.ts'
import { type ImageName, ImageRoots } from './image-roots.ts'

/**
 * A compose file, played: each service's command, user, mounts, networks, order and health check, in namespaces of this machine. For our images
 * it is what the Dockerfile makes; for others' images this machine's files and the programs of the set-up stand in.
 */
export class PlayedCompose implements AsyncDisposable {
  readonly networks: ComposeNetworks
  readonly roots: ImageRoots
  readonly #compose: Compose
  readonly #folder: Folder
  readonly #running = new Map<string, Container>()
  readonly #owned = new Set<string>()
  readonly #stack: AsyncDisposableStack
  /** What services that ended have said, by their names. */
  readonly said = new Map<string, string>()

  private constructor(compose: Compose, parts: Parts, stack: AsyncDisposableStack) {
    this.#compose = compose
    this.networks = parts.networks
    this.roots = parts.roots
    this.#folder = parts.folder
    this.#stack = stack
  }

  static async open(compose: Compose): Promise<PlayedCompose> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('compose'))
    const roots = stack.use(await ImageRoots.lay())
    const networks = stack.use(await ComposeNetworks.open(compose))
    await mkdir(join(folder.path, others, 'etc'), { recursive: true })
    await writeFile(join(folder.path, others, 'etc/passwd'), usersOfOthers)
    await writeFile(join(folder.path, others, 'etc/nsswitch.conf'), 'passwd: files\nhosts: files\n')
    return new PlayedCompose(compose, { folder, roots, networks }, stack.move())
  }

  /** As `docker compose up --wait`: each service when those that it waits for are as it wants them. */
  async up(): Promise<void> {
    for (const name of inOrder(this.#compose)) {
      const service = this.#service(name)
      if (service.profiles.length > 0) continue
      if (service.restart === 'no') await this.#runOnce(name)
      else await this.#start(name)
    }
  }

  /** Runs a service of a profile with a command of its own, to its end. */
  async run(name: string, command: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    await using container = await this.#container(name, command)
    const { code } = await container.exited
    return { code: code ?? 1, output: container.output }
  }

  container(name: string): Container {
    const container = this.#running.get(name)
    if (!container) throw new Error(`${name} does not run`)
    return container
  }

  /** The folder that stands for a volume. */
  volume(name: string): string {
    return join(this.#folder.path, name)
  }

  /** As `docker compose down`, without volumes: those that others wait for last. */
  async down(): Promise<void> {
    for (const name of inOrder(this.#compose).toReversed()) {
      const container = this.#running.get(name)
      this.#running.delete(name)
      await container?.[Symbol.asyncDispose]()
    }
  }

  async #runOnce(name: string): Promise<void> {
    await using container = await this.#container(name)
    const timer = setTimeout(() => void container.stop(), 60_000)
    const { code } = await container.exited
    clearTimeout(timer)
    this.said.set(name, container.output)
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${container.output}`)
  }

  async #start(name: string): Promise<void> {
    const container = await this.#container(name)
    this.#running.set(name, container)
    const check = this.#service(name).healthcheck
    if (!check) return
    const [, ...test] = check.test
    const withinMs = ms(check.start_period) + check.retries * (ms(check.interval) + ms(check.timeout))
    const [program = '', ...args] = test
    const words = [standIn(program), ...args]
    await container.ready('its health check', withinMs, async () => {
      const { code } = await container.exec(words, { withinMs: ms(check.timeout) })
      if (code === 0) return true
      await pause(500)
      return false
    })
  }

  async #container(name: string, command?: readonly string[]): Promise<Container> {
    const service = this.#service(name)
    const [uid = 0, gid = 0] = service.user.split(':').map(Number)
    const image = /^heddle-(plane|agent|cli):/.exec(service.image)?.[1] as ImageName | undefined
    const stage = image && this.roots.stage(image)
    const words = [
      ...(service.entrypoint ?? stage?.entrypoint ?? []),
      ...(command ?? service.command ?? stage?.command ?? []),
    ]
    const [program = '', ...args] = image ? words : words.length > 0 ? words : await postgresqlEntrypoint()
    const network = this.networks.inside(name)
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...stage?.env, ...service.environment }
    return Container.start({
      name: service.hostname ?? name,
      layers: image ? this.roots.layers(image) : [join(this.#folder.path, others)],
      command: [image ? program : standIn(program), ...args],
      user: { uid, gid, groups: service.group_add.map(Number) },
      env,
      mounts: [
        ...(image ? [] : ofThisMachine()),
        ...this.#configs(service),
        ...(await this.#volumes(service, uid, gid)),
      ],
      tmpfs: service.tmpfs,
      ...(network ? { network } : {}),
      hosts: this.networks.hosts(name),
    })
  }

  #configs({ configs }: Service): readonly Mount[] {
    return configs.map(({ source, target }) => {
      const file = this.#compose.configs[source]?.file ?? ''
      return { source: join(projectFolder, file), target, readOnly: true }
    })
  }

  /** A volume belongs to whom it is first given to, as engines do where the image has the folder for that user (compose.test.ts). */
  async #volumes(service: Service, uid: number, gid: number): Promise<readonly Mount[]> {
    const mounts = volumesOf(service)
    for (const { volume } of mounts) {
      if (this.#owned.has(volume)) continue
      await mkdir(this.volume(volume), { mode: 0o755 })
      await chown(this.volume(volume), uid, gid)
      this.#owned.add(volume)
    }
    return mounts.map(({ volume, target, readOnly }) => ({ source: this.volume(volume), target, readOnly }))
  }

  #service(name: string): Service {
    const service = this.#compose.services[name]
    if (!service) throw new Error(`there is no service ${name}`)
    return service
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
    await this.#stack.disposeAsync()
  }
}

/** Where the files of others' images lie that are not this machine's: their users have a name there. */
const others = '.others'
const usersOfOthers = ['root:x:0:0', 'postgres:x:999:999', 'consul:x:100:1000', 'envoy:x:65532:65532']
  .map((user) => `${user}::/:/bin/false\n`)
  .join('')

type Parts = { readonly folder: Folder; readonly roots: ImageRoots; readonly networks: ComposeNetworks }

/** What others' images have: here what this machine has. */
function ofThisMachine(): readonly Mount[] {
  const folders = ['/usr', '/bin', '/lib', '/lib64', partsFolder]
  return folders.map((path) => ({ source: path, target: path, readOnly: true }))
}

function standIn(program: string): string {
  if (program === 'consul' || program === 'envoy') return programOf(program)
  return program === 'pg_isready' ? '/usr/bin/pg_isready' : program
}

/** What the entry point of the PostgreSQL image is documented to do with its variables. */
async function postgresqlEntrypoint(): Promise<readonly string[]> {
  const programs = await postgresqlPrograms()
  if (programs === undefined) throw new Error('there is no PostgreSQL here')
  const script = `
set -e
data=/var/lib/postgresql/data/pgdata
if [ ! -e $data/PG_VERSION ]; then
  initdb -D $data -U $POSTGRES_USER --pwfile=$POSTGRES_PASSWORD_FILE --no-locale $POSTGRES_INITDB_ARGS
  echo "create database $POSTGRES_DB" | postgres --single -D $data postgres
  echo 'host all all all scram-sha-256' >> $data/pg_hba.conf
fi
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/run/postgresql`
  return ['/usr/bin/env', `PATH=${programs}:${dirname('/usr/bin/env')}:/bin`, 'bash', '-c', script]
}

function ms(text: string): number {
  const [, number, unit = 's'] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  return Number(number) * ({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN)
}
