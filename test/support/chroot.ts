import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { missingParts, programOf } from './parts.ts'
import { type RunningProcess, spawnProcess } from './process.ts'

/** Why nothing can be installed here; false: it can. */
export function whyNoChroot(): string | false {
  if (process.getuid?.() !== 0) return 'a machine to install on needs root'
  return missingParts(['debootstrap']).length > 0 ? 'there is no Debian: node setup.mjs --part debootstrap' : false
}

/** What a command came to; `output` is the end of both its outputs, at most 64 KiB. */
export type Outcome = { readonly code: number; readonly output: string }

export type ChrootOptions = {
  /** What runs a program on its network (`Network.inside`). Default: one of its own, of loopback alone. */
  readonly network?: readonly string[]
  readonly name?: string
}

/**
 * A fresh minimal Debian 12 to install on: its own files (a layer over those that the set-up made once), processes, mounts and network, and
 * no running systemd. Its first process holds all of it: whatever becomes of the test, with that process everything in it ends and its
 * mounts are gone, since nobody else has them.
 */
export class Chroot implements AsyncDisposable {
  readonly name: string
  /** Where its files are for whoever is outside. */
  readonly root: string
  readonly #pid: number
  readonly #holder: RunningProcess
  readonly #folder: Folder

  private constructor(name: string, pid: number, holder: RunningProcess, folder: Folder) {
    this.name = name
    this.root = `/proc/${pid}/root`
    this.#pid = pid
    this.#holder = holder
    this.#folder = folder
  }

  static async open({ network, name = 'debian' }: ChrootOptions = {}): Promise<Chroot> {
    const base = join(dirname(programOf('debootstrap')), 'root')
    const folder = await temporaryFolder('chroot')
    const spaces = [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
    ]
    const [command = '', ...args] = [...(network ?? []), ...spaces, ...(network ? [] : ['--net'])]
    const holding = [...args, 'bash', '-c', hold, 'hold', base, folder.path, name]
    const holder = await spawnProcess(command, holding, { name }).catch(async (error: unknown) => {
      await folder[Symbol.asyncDispose]()
      throw error
    })
    try {
      const ready = () => /^ready (\d+)$/m.exec(holder.output)?.[1]
      const pid = Number(await holder.ready('its files', 30_000, ready))
      return new Chroot(name, pid, holder, folder)
    } catch (error) {
      await holder.kill()
      await folder[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs commands for bash in it, as root with a plain environment, to their end. What they leave running goes on (`setsid`, own outputs). */
  async run(script: string, { withinMs = 120_000 }: { readonly withinMs?: number } = {}): Promise<Outcome> {
    await using shell = await this.spawn(script)
    const timer = setTimeout(() => void shell.kill(), withinMs)
    try {
      const { code } = await shell.exited
      return { code: code ?? 1, output: shell.output }
    } finally {
      clearTimeout(timer)
    }
  }

  /** As `run`; what does not end with 0 is an error that says what was said. Resolves with its output. */
  async must(script: string, options: { readonly withinMs?: number } = {}): Promise<string> {
    const { code, output } = await this.run(script, options)
    if (code !== 0) throw new Error(`${this.name}: ${script.slice(0, 400)}\nended with ${code}:\n${output}`)
    return output
  }

  /** Commands that go on. Signals reach only the way in: `stop` kills them, who must end gently is signalled from within. */
  spawn(script: string): Promise<RunningProcess> {
    const spaces = ['--target', String(this.#pid), '--mount', '--pid', '--net', '--uts', '--ipc', '--root', '--wd']
    const plain = ['env', '-i', ...Object.entries(environment).map(([key, value]) => `${key}=${value}`)]
    const inside = [...spaces, '--', ...plain, 'bash', '-c', script]
    return spawnProcess('nsenter', inside, { name: `${this.name}: ${script.slice(0, 60)}` })
  }

  /** A file's text, seen from outside. Only for paths without links, which would lead into the machine's own files. */
  read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.kill()
    await this.#folder[Symbol.asyncDispose]()
  }
}

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  TERM: 'dumb',
}

/**
 * Arguments: the files that all have, a folder, the host's name. A layer lies on a disk where the kernel allows it, and else in memory. The
 * number that it tells is that of the machine's own /proc, which is still there when it reads it.
 */
const hold = `
set -e
base=$1 folder=$2
read -r pid rest < /proc/self/stat
mkdir -p "$folder/root"
layer() {
  mkdir -p "$1/upper" "$1/work"
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$1/upper,workdir=$1/work" "$folder/root" 2> /dev/null
}
if ! layer "$folder"; then
  mkdir "$folder/memory"
  mount -t tmpfs tmpfs "$folder/memory"
  layer "$folder/memory"
fi
cd "$folder/root"
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts && ln -s pts/ptmx dev/ptmx
chmod 1777 dev/shm
for node in 'null 3' 'zero 5' 'full 7' 'random 8' 'urandom 9'; do mknod -m 666 "dev/\${node% *}" c 1 "\${node#* }"; done
mknod -m 666 dev/tty c 5 0
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock
hostname "$3"
echo "$3" > etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$3" > etc/hosts
ip link set lo up || true
exec chroot . bash -c 'echo "ready $0"; while :; do sleep 3600 & wait $!; done' "$pid"
`
