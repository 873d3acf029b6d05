import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { projectFolder } from '../parts.ts'
import { type RunningProcess, spawnProcess } from '../process.ts'
import { allowedCalls } from './syscalls.ts'
import { isOn, service, type UnitFile } from './unit-file.ts'

/** A user that nothing else of this machine is. */
export const unitUser = 64_987

const families: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 }

export type UnitStart = {
  /** An own, empty folder that every user may enter; what the unit has of its own lies in it. */
  readonly folder: string
  /** What lies under /usr/lib/<name>/ and /usr/bin: a file or a folder of this machine by its path there. */
  readonly installed: Readonly<Record<string, string>>
  /** Files of /etc/heddle, by their names. */
  readonly etc: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  /** Folders of this machine that are seen in the unit as well, at their own paths. */
  readonly seen?: readonly string[]
  /** Descriptors from 3 on, as a socket unit hands them over. */
  readonly sockets?: readonly number[]
}

/**
 * Starts the ExecStart of a unit as systemd would, as far as one can without it: with its user, no capabilities but those that it leaves,
 * no new privileges, its file mask and limit of files, a root that is read-only but for its own folders, empty homes, an own /tmp and /dev,
 * an own network if it says so, and the filters of system calls, address families and namespaces. Its pid is that of the program.
 * Only root can.
 */
export async function startUnit(unit: UnitFile, start: UnitStart): Promise<RunningProcess> {
  const { folder, environment = {}, sockets = [] } = start
  const root = join(folder, 'root')
  const state = service(unit, 'StateDirectory')
  const run = service(unit, 'RuntimeDirectory')
  const uid = service(unit, 'User') === 'root' ? 0 : unitUser
  for (const each of ['root', 'etc', 'lib', 'run', 'own-run']) await mkdir(join(folder, each), { recursive: true })
  await chmod(folder, 0o755)
  await chown(join(folder, 'lib'), uid, uid)
  await chmod(join(folder, 'lib'), Number.parseInt(service(unit, 'StateDirectoryMode') ?? '0755', 8))
  await chown(join(folder, 'own-run'), uid, uid)
  await chmod(join(folder, 'own-run'), Number.parseInt(service(unit, 'RuntimeDirectoryMode') ?? '0755', 8))
  for (const [name, content] of Object.entries(start.etc)) {
    await mkdir(dirname(join(folder, 'etc', name)), { recursive: true })
    await writeFile(join(folder, 'etc', name), content)
  }
  await cp(join(projectFolder, 'test/support/units/seccomp-exec.mjs'), join(folder, 'seccomp-exec.mjs'))
  await writeFile(
    join(folder, 'filter.json'),
    JSON.stringify({
      calls: [...allowedCalls(unit.get('Service')?.get('SystemCallFilter') ?? [])],
      families: (service(unit, 'RestrictAddressFamilies') ?? '').split(' ').map((name) => families[name]),
      namespaces: isOn(unit, 'RestrictNamespaces'),
    }),
  )
  const script = scriptOf(unit, start, root, uid, { state, run })
  await writeFile(join(folder, 'start.sh'), script)
  const net = isOn(unit, 'PrivateNetwork') ? ['--net'] : []
  const [shell, ...args] = [
    'unshare',
    '--mount',
    '--ipc',
    '--uts',
    ...net,
    '--propagation',
    'private',
    'sh',
    '-eu',
    join(folder, 'start.sh'),
  ]
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(state === undefined ? {} : { STATE_DIRECTORY: `/var/lib/${state}` }),
    ...(run === undefined ? {} : { RUNTIME_DIRECTORY: `/run/${run}` }),
    ...environment,
  }
  return spawnProcess(shell ?? '', args, {
    name: 'a unit',
    env,
    ...(sockets.length > 0 ? { descriptors: sockets } : {}),
  })
}

function scriptOf(
  unit: UnitFile,
  { folder, installed, seen = [], sockets = [] }: UnitStart,
  root: string,
  uid: number,
  { state, run }: { readonly state: string | undefined; readonly run: string | undefined },
): string {
  const lines: string[] = [`R=${root}`, `F=${folder}`, 'mount -t tmpfs -o mode=755 root $R']
  // The machine's programs, each by a link, so that there is room beside them for what is installed.
  lines.push(
    'mkdir -p $R/host $R/usr $R/etc $R/var/lib $R/run $R/tmp $R/var/tmp $R/dev $R/proc $R/sys $R/home $R/root $R/run/user $R/unit',
    'mount --rbind /usr $R/host',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a shell's
    'for d in /usr/*; do b=${d##*/}; mkdir -p $R/usr/$b; for e in $d/* ; do [ -e "$e" ] && ln -s /host/$b/${e##*/} $R/usr/$b/ || :; done; done',
    'for l in bin sbin lib lib64; do [ -e /usr/$l ] && ln -s usr/$l $R/$l || :; done',
    'for e in passwd group ssl nsswitch.conf hosts resolv.conf machine-id ld.so.cache localtime; do [ -e /etc/$e ] && cp -a /etc/$e $R/etc/ || :; done',
    'mkdir -p $R/etc/heddle; cp -a $F/etc/. $R/etc/heddle/',
    'mount --rbind /proc $R/proc; mount --rbind /sys $R/sys',
    // PrivateDevices
    'for d in null zero full random urandom tty; do touch $R/dev/$d; mount --bind /dev/$d $R/dev/$d; done',
    'mkdir $R/unit/own; cp $F/seccomp-exec.mjs $F/filter.json $R/unit/own/',
  )
  for (const [path, from] of Object.entries(installed)) {
    // A file or a folder, read-only, over an empty one.
    lines.push(
      `mkdir -p $R${path.slice(0, path.lastIndexOf('/'))}`,
      `if [ -d '${from}' ]; then mkdir -p $R${path}; else touch $R${path}; fi`,
      `mount --bind '${from}' $R${path}; mount -o remount,ro,bind $R${path}`,
    )
  }
  // What is the unit's own is written to; nothing else is.
  if (state !== undefined) lines.push(`mkdir -p $R/var/lib/${state}; mount --bind $F/lib $R/var/lib/${state}`)
  if (run !== undefined) lines.push(`mkdir -p $R/run/${run}; mount --bind $F/own-run $R/run/${run}`)
  if (isOn(unit, 'PrivateTmp'))
    lines.push('mount -t tmpfs -o mode=1777 tmp $R/tmp; mount -t tmpfs -o mode=1777 tmp $R/var/tmp')
  for (const path of seen) lines.push(`mkdir -p $R${path}; mount --rbind ${path} $R${path}`)
  if (service(unit, 'ProtectSystem') === 'strict')
    lines.push('mount -o remount,ro,bind $R', 'mount -o remount,ro,bind $R/host')
  if (isOn(unit, 'ProtectKernelTunables')) lines.push('mount -o remount,ro,bind $R/sys')
  lines.push(
    // A machine may let nobody have as many, not even root.
    `ulimit -n ${service(unit, 'LimitNOFILE') ?? 1024} 2>/dev/null || ulimit -n $(ulimit -Hn)`,
    `umask ${service(unit, 'UMask') ?? '0022'}`,
    // Inherited descriptors are those of a socket unit, and the pid stays the same to the end.
    ...(sockets.length > 0 ? ['LISTEN_PID=$$; export LISTEN_PID'] : []),
  )
  const kept = (service(unit, 'CapabilityBoundingSet') ?? '').split(/\s+/).filter(Boolean)
  const bounding = ['-all', ...kept.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`)].join(',')
  const privileges = [
    `--bounding-set=${bounding}`,
    '--inh-caps=-all',
    '--pdeathsig=KILL',
    ...(uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']),
    ...(isOn(unit, 'NoNewPrivileges') ? ['--no-new-privs'] : []),
  ].join(' ')
  const directory = service(unit, 'WorkingDirectory') ?? '/'
  const command = service(unit, 'ExecStart') ?? ''
  const node = Object.keys(installed).find((path) => path.endsWith('/bin/node'))
  lines.push(
    `exec chroot $R setpriv ${privileges} sh -c 'cd ${directory}; exec ${node} --disable-warning=ExperimentalWarning /unit/own/seccomp-exec.mjs /unit/own/filter.json ${command}'`,
  )
  return `${lines.join('\n')}\n`
}

/** The number of a signal, as `ps` and exit codes have it. */
export const signalNumber = (name: NodeJS.Signals): number => constants.signals[name]
