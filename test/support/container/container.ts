import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Folder, temporaryFolder } from '../folder.ts'
import { type Exit, type RunningProcess, spawnProcess } from '../process.ts'

export type Mount = { readonly source: string; readonly target: string; readonly readOnly: boolean }

export type ContainerOptions = {
  readonly name: string
  /** Its files: folders that lie upon each other, the lowest first. `['/']` stands for those of this machine. */
  readonly layers: readonly string[]
  readonly command: readonly string[]
  readonly user: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] }
  readonly env?: Readonly<Record<string, string>>
  readonly mounts?: readonly Mount[]
  readonly tmpfs?: readonly string[]
  /** What runs a program on its network (`Network.inside`). Default: one of its own, of loopback alone. */
  readonly network?: readonly string[]
  /** Lines for its /etc/hosts. */
  readonly hosts?: readonly string[]
}

const run = promisify(execFile)

/** Why there can be no containers here; false: there can. */
export function whyNoContainers(): string | false {
  return process.getuid?.() === 0 ? false : 'to run a program as a container does needs root'
}

/**
 * A program as a container engine runs it: its files read-only, its own mounts, processes, host name and network, an unprivileged user without
 * capabilities who cannot get any. It is the first process in there, so with it everything ends.
 */
export class Container implements AsyncDisposable {
  readonly #holder: RunningProcess
  readonly #folder: Folder
  readonly #options: ContainerOptions

  private constructor(holder: RunningProcess, folder: Folder, options: ContainerOptions) {
    this.#holder = holder
    this.#folder = folder
    this.#options = options
  }

  static async start(options: ContainerOptions): Promise<Container> {
    const { name, layers, command, user, env = {}, mounts = [], tmpfs = [], network, hosts = [] } = options
    const folder = await temporaryFolder('container')
    await mkdir(join(folder.path, 'root'))
    await writeFile(join(folder.path, 'hosts'), ['127.0.0.1 localhost', `127.0.1.1 ${name}`, ...hosts, ''].join('\n'))
    const plan = [
      ...tmpfs.map((target) => `tmpfs\t${target}\t\t`),
      ...mounts.map(({ source, target, readOnly }) => `bind\t${target}\t${source}\t${readOnly ? 'ro' : 'rw'}`),
    ]
    await writeFile(join(folder.path, 'mounts'), `${plan.join('\n')}\n`)
    const spaces = ['--mount', '--propagation', 'private', '--pid', '--uts', '--ipc', '--fork', '--kill-child']
    const [program = '', ...before] = [...(network ?? []), 'unshare', ...spaces, ...(network ? [] : ['--net'])]
    const groups = (user.groups ?? []).join(',')
    const as = [
      '/usr/sbin/chroot',
      `--userspec=${user.uid}:${user.gid}`,
      `--groups=${groups}`,
      join(folder.path, 'root'),
    ]
    const few = ['--no-new-privs', '--bounding-set=-all,+sys_chroot,+setuid,+setgid', '--inh-caps=-all']
    const plain = [
      '/usr/bin/env',
      '-i',
      ...Object.entries({ HOSTNAME: name, ...env }).map(([key, value]) => `${key}=${value}`),
    ]
    const start = ['/usr/bin/setpriv', ...few, ...plain, ...as, ...command]
    const lower = layers.toReversed().join(':')
    const args = [...before, 'bash', '-c', script, 'container', folder.path, lower, name, ...start]
    try {
      return new Container(await spawnProcess(program, args, { name }), folder, options)
    } catch (error) {
      await folder[Symbol.asyncDispose]()
      throw error
    }
  }

  get output(): string {
    return this.#holder.output
  }

  get running(): boolean {
    return this.#holder.running
  }

  get exited(): Promise<Exit> {
    return this.#holder.exited
  }

  /** The process in it, as this machine numbers it. */
  async pid(): Promise<number> {
    const { pid } = this.#holder
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return Number(children.trim().split(' ')[0])
  }

  ready<T>(what: string, withinMs: number, look: () => T | Promise<T>): Promise<T> {
    return this.#holder.ready(what, withinMs, look)
  }

  /** Runs a command in it, as its user, to its end. */
  async exec(
    command: readonly string[],
    { withinMs = 30_000 } = {},
  ): Promise<{ readonly code: number; readonly output: string }> {
    const { user, env = {} } = this.#options
    const inside = [
      '--target',
      String(await this.pid()),
      '--mount',
      '--pid',
      '--net',
      '--uts',
      '--ipc',
      '--root',
      '--wd',
    ]
    const plain = Object.entries(env).map(([key, value]) => `${key}=${value}`)
    // The image has no program that could take a user on: it is taken on outside, where `env` is, and entering needs rights until then.
    const as = ['--setuid', String(user.uid), '--setgid', String(user.gid)]
    try {
      const all = ['-i', ...plain, '/usr/bin/nsenter', ...inside, ...as, '--', ...command]
      const { stdout, stderr } = await run('/usr/bin/env', all, { timeout: withinMs })
      return { code: 0, output: stdout + stderr }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string }
      return { code: typeof code === 'number' ? code : 1, output: stdout + stderr }
    }
  }

  /** As an engine stops it: the signal to its first process, and after the time SIGKILL. */
  async stop({
    signal = 'SIGTERM',
    withinMs = 10_000,
  }: {
    readonly signal?: NodeJS.Signals
    readonly withinMs?: number
  } = {}): Promise<Exit> {
    if (!this.#holder.running) return this.#holder.exited
    const timer = setTimeout(() => void this.#holder.kill(), withinMs)
    try {
      process.kill(await this.pid(), signal)
      return await this.#holder.exited
    } catch {
      return await this.#holder.kill()
    } finally {
      clearTimeout(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}

/**
 * Arguments: its folder, the layers as overlayfs wants them, its name, and what to become. Where something is mounted there has to be something:
 * it is made in a layer in memory, before all becomes read-only.
 */
const script = `
set -e
folder=$1 lower=$2 name=$3
shift 3
root=$folder/root
mkdir "$folder/memory"
mount -t tmpfs tmpfs "$folder/memory"
mkdir "$folder/memory/upper" "$folder/memory/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/memory/upper,workdir=$folder/memory/work" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/etc"
rm -f "$root/etc/hosts" "$root/etc/hostname" "$root/etc/resolv.conf"
cp "$folder/hosts" "$root/etc/hosts"
echo "$name" > "$root/etc/hostname"
echo 'nameserver 127.0.0.1' > "$root/etc/resolv.conf"
place() {
  if [ "$1" = tmpfs ] || [ -d "$3" ]; then mkdir -p "$root$2"
  else mkdir -p "$(dirname "$root$2")"; touch "$root$2"; fi
}
while IFS=$(printf '\\t') read -r kind target source how; do
  [ -z "$kind" ] || place "$kind" "$target" "$source"
done < "$folder/mounts"
mount -o remount,ro "$root"
while IFS=$(printf '\\t') read -r kind target source how; do
  case $kind in
    tmpfs) mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root$target" ;;
    bind)
      # What lies in memory that was mounted before is empty.
      [ -e "$root$target" ] || place "$kind" "$target" "$source"
      mount --bind "$source" "$root$target"; [ "$how" = rw ] || mount -o remount,bind,ro "$root$target" ;;
  esac
done < "$folder/mounts"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/shm"
chmod 1777 "$root/dev/shm"
for node in 'null 3' 'zero 5' 'full 7' 'random 8' 'urandom 9'; do mknod -m 666 "$root/dev/\${node% *}" c 1 "\${node#* }"; done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
hostname "$name"
ip link set lo up
exec "$@"
`
