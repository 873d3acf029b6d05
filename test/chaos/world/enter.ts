import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/**
 * Why the world cannot be played on this machine; undefined: it can.
 * Everything is played in namespaces of its own, which the kernel takes away with all that runs in them when this process ends.
 */
export function whyNotHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const program of ['unshare', 'nsenter', 'ip', 'setpriv', 'prlimit']) {
    const found = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => existsSync(`${folder}/${program}`))
    if (!found) return `there is no ${program} (Debian: util-linux, iproute2)`
  }
  const { status, stderr } = spawnSync('unshare', [...spaces, 'true'])
  return status === 0 ? undefined : `namespaces are refused: ${String(stderr).trim()}`
}

const spaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private']

/**
 * Runs a script with Node in namespaces of its own, until it ends or `withinMs` is over; resolves with its exit code.
 * @param script with its arguments
 * @param onText hears what it writes
 */
export async function enter(
  script: readonly string[],
  { withinMs, onText }: { readonly withinMs: number; readonly onText: (text: string) => void },
): Promise<number> {
  // Those of the named namespaces and the small disks are seen by nobody else, and gone with the last process.
  const before = 'mkdir -p /run/netns && mount -t tmpfs -o size=1m tmpfs /run/netns && exec "$@"'
  const args = [
    '--pdeathsig',
    'KILL',
    '--',
    'unshare',
    ...spaces,
    'sh',
    '-c',
    before,
    'sh',
    process.execPath,
    ...script,
  ]
  const child = spawn('/usr/bin/setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onText)
  const timer = setTimeout(() => {
    onText(`The run took longer than ${withinMs / 1000} s and is ended.\n`)
    child.kill('SIGKILL')
  }, withinMs)
  try {
    const [code] = await once(child, 'close')
    return typeof code === 'number' ? code : 1
  } finally {
    clearTimeout(timer)
  }
}
