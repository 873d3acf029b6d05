import type { Package, Unit } from './packages.ts'

export type MaintainerScripts = Readonly<Partial<Record<'preinst' | 'postinst' | 'prerm' | 'postrm', string>>>

const booted = '[ -d /run/systemd/system ]'

/**
 * What dpkg runs. Nothing in it needs a running systemd: units are enabled by links, which deb-systemd-helper makes and remembers, so what an
 * administrator has disabled or masked stays so; and where policy-rc.d says that nothing is to be started, nothing is.
 */
export function maintainerScripts(of: Package): MaintainerScripts {
  if (of.units.length === 0) return {}
  return { preinst: preinst(of), postinst: postinst(of), prerm: prerm(of), postrm: postrm(of) }
}

/** Whoever installs again what was removed wants it to run; dpkg tells a postinst the same of that as of an upgrade. */
function preinst({ name }: Package): string {
  return script([`if [ "$1" = install ] && [ -n "$2" ] && ${booted}; then : > ${again(name)}; fi`])
}

function again(name: string): string {
  return `/run/${name}.installed-again`
}

function postinst({ name, units, user }: Package): string {
  const enabled = units.filter(isEnabled)
  return script([
    'case "$1" in configure | abort-upgrade | abort-deconfigure | abort-remove) ;; *) exit 0 ;; esac',
    ...(user ? [makeUser(user)] : []),
    `before=$2; if [ -e ${again(name)} ]; then before=''; rm -f ${again(name)}; fi`,
    ...enabled.map(({ name }) => enable(name)),
    `if ${booted}; then`,
    '  systemctl --system daemon-reload > /dev/null || true',
    ...units.filter(({ upgrades }) => !upgrades).map((unit) => (unit.start ? begin(unit) : stopOnUpgrade(unit))),
    'fi',
    ...said(name),
  ])
}

/** No conffile, no state and no user is touched by a removal; a purge takes all of them. */
function postrm({ units, user, state }: Package): string {
  const enabled = units.filter(isEnabled).map(({ name }) => name)
  return script([
    `if [ "$1" = remove ] && ${booted}; then systemctl --system daemon-reload > /dev/null || true; fi`,
    '[ "$1" = purge ] || exit 0',
    'if command -v deb-systemd-helper > /dev/null; then',
    `  deb-systemd-helper purge ${enabled.join(' ')} > /dev/null || true`,
    'fi',
    `rm -rf ${state.join(' ')}`,
    // The other packages of Heddle may have theirs there.
    'rmdir --ignore-fail-on-non-empty /etc/heddle 2> /dev/null || true',
    ...(user
      ? [`if getent passwd ${user.name} > /dev/null; then userdel ${user.name} > /dev/null 2>&1 || true; fi`]
      : []),
    ...(user
      ? [`if getent group ${user.name} > /dev/null; then groupdel ${user.name} > /dev/null 2>&1 || true; fi`]
      : []),
  ])
}

function prerm({ units }: Package): string {
  const stopped = units.map(({ name }) => name).reverse()
  // An upgrade leaves the old one running until the new one is whole: it is gone for as long as a restart takes.
  return script([
    `if [ "$1" = remove ] && ${booted}; then deb-systemd-invoke stop ${stopped.join(' ')} > /dev/null || true; fi`,
  ])
}

/** Others are started by their socket. */
function isEnabled({ start, upgrades }: Unit): boolean {
  return start !== undefined || upgrades === true
}

function makeUser({ name, home, mode }: NonNullable<Package['user']>): string {
  return `if ! getent passwd ${name} > /dev/null; then
  useradd --system --user-group --no-create-home --home-dir ${home} --shell /usr/sbin/nologin --comment 'Heddle' ${name}
fi
if [ ! -e ${home} ]; then install -d -m ${mode} -o ${name} -g ${name} ${home}; fi`
}

function enable(unit: string): string {
  return `deb-systemd-helper unmask ${unit} > /dev/null || true
if deb-systemd-helper --quiet was-enabled ${unit}; then
  deb-systemd-helper enable ${unit} > /dev/null || true
else
  deb-systemd-helper update-state ${unit} > /dev/null || true
fi`
}

function begin({ name, start }: Unit): string {
  const first = typeof start === 'object' ? `[ -e ${start.onceThere} ]` : 'true'
  const begun = `  if [ -z "$before" ]; then
    if ${first}; then deb-systemd-invoke start ${name} > /dev/null || true; fi`
  // Sockets go on listening, and paths watching, while what is behind them is replaced.
  if (/\.(socket|path)$/.test(name)) return `${begun}\n  fi`
  return `${begun}
  elif systemctl --quiet is-active ${name}; then deb-systemd-invoke restart ${name} > /dev/null || true; fi`
}

/** Whoever asks next wakes the new one. */
function stopOnUpgrade({ name }: Unit): string {
  return `  if [ -n "$before" ]; then deb-systemd-invoke stop ${name} > /dev/null || true; fi`
}

/** What is next, said once. */
function said(name: string): readonly string[] {
  const text =
    name === 'heddle-agent'
      ? 'Enrol this host: heddle-agent enroll https://<plane>:8888 --token-file <file>'
      : 'Its first hour: heddle-plane first /etc/heddle/control-plane.yaml'
  return [`if [ "$1" = configure ] && [ -z "$2" ]; then echo '${text}'; fi`]
}

function script(lines: readonly string[]): string {
  return `#!/bin/sh\nset -e\n${lines.join('\n')}\n`
}
