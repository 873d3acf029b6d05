import { createHash } from 'node:crypto'
import { appendFile, chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { Chroot, whyNoChroot } from '#test/support/chroot.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { buildPackages } from '../../setup/package/build-packages.ts'
import { must } from '../../setup/package/tool.ts'

t.setTimeout(290_000)
const skip = whyNoChroot()

await t.test('packages', { skip }, async (t) => {
  await using folder = await temporaryFolder('packages')
  const build = (name: string, version: string, only?: readonly 'heddle-cli'[]) =>
    buildPackages({ into: join(folder.path, name), version, epoch: 1_700_000_000, level: 1, ...(only ? { only } : {}) })
  const old = await build('old', '1.0.0-rc.1')

  await t.test('the same tree, version and time give the same bytes', async (t) => {
    const [again = ''] = await build('again', '1.0.0-rc.1', ['heddle-cli'])
    const first = old.find((file) => basename(file) === basename(again)) ?? ''
    t.equal(await sha256(again), await sha256(first))
  })

  for (const file of old) {
    const name = basename(file).replace(/_.*/, '')
    await t.test(`${name} holds what runs, belongs to root, and nothing of types, tests or maps`, async (t) => {
      const entries = (await must('dpkg-deb', ['-c', file])).trimEnd().split('\n').map(readEntry)
      const paths = entries.map(({ path }) => path)
      t.strictSame(
        entries.filter(({ owner }) => owner !== 'root/root'),
        [],
      )
      t.strictSame(
        entries.filter(({ mode }) => !/^(drwxr-xr-x|-rwxr-xr-x|-rw-r--r--|l)/.test(mode)),
        [],
      )
      t.strictSame(
        entries.filter(
          ({ mode, path }) => mode.startsWith('-rwx') && !/^\/usr\/(bin\/[\w-]+|lib\/[\w-]+\/bin\/node)$/.test(path),
        ),
        [],
      )
      t.strictSame(
        paths.filter((path) => /\.(ts|map)$|\.test\.|node_modules|\/test\//.test(path)),
        [],
      )
      t.strictSame(
        paths.filter((path) => /^\/(usr\/local|opt|home|tmp|var|run)\//.test(path)),
        [],
      )
      const documents = `/usr/share/doc/${name}`
      for (const wanted of ['copyright', 'changelog.gz', 'node.LICENSE.gz', 'third-party-licences.gz']) {
        t.ok(paths.includes(`${documents}/${wanted}`), wanted)
      }
      t.ok(
        paths.some((path) => path.startsWith('/usr/share/man/')),
        'a page of the manual',
      )
      const control = await must('dpkg-deb', ['-f', file])
      for (const field of ['Version: 1.0.0~rc.1', 'Depends: libc6', 'Installed-Size: ', 'Section: ', 'Maintainer: ']) {
        t.ok(control.includes(field), field)
      }
    })
  }

  const newer = await build('newer', '9.0.0')
  await t.test('a machine that had them is as it was before', async (t) => {
    await using host = await freshHost([...old, ...newer])
    await host.must(`apt-get install -y libatomic1 2>&1`)
    const before = await everything(host)
    const install = (version: string) => host.must(`cd /root/packages; dpkg -i *_${version}_*.deb 2>&1`)

    await t.test('programs run with nothing else, by their own Node', async (t) => {
      // What the host has by this name is none, and what others want Node to load does not exist.
      await writeFile(join(host.root, 'usr/local/bin/node'), '#!/bin/sh\nexit 7\n')
      await host.must('chmod 755 /usr/local/bin/node')
      t.match(await install('1.0.0~rc.1'), /heddle-agent enroll/)
      for (const program of ['heddle-agent', 'heddle-plane', 'heddle']) {
        const asked = `cd /; env -i PATH=/usr/local/bin:/usr/bin NODE_OPTIONS='--require /nowhere' /usr/bin/${program} --version`
        t.equal((await host.must(asked)).trim(), '1.0.0-rc.1', program)
      }
      t.match(await host.must(`env -i /usr/bin/heddle --help`), /explain/)
      t.match(
        await host.must(`zcat /usr/share/man/man8/heddle-agent.8.gz`),
        /heddle\\-agent enroll|heddle-agent enroll/,
      )
      const completed =
        'source /usr/share/bash-completion/completions/heddle; COMP_WORDS=(heddle identity to); COMP_CWORD=2; _heddle; echo $' +
        '{COMPREPLY[*]}'
      t.match(await host.must(completed), /^token/)
    })

    await t.test('the plane runs as nobody else, by its unit', async (t) => {
      await host.must('systemctl start heddle-plane')
      const pid = (await host.must('cat /run/stand-in/heddle-plane.service.pid')).trim()
      t.match(await host.must(`cat /proc/${pid}/status`), /^Uid:\s+61184\s+61184/m)
      t.equal((await host.must(`readlink /proc/${pid}/exe`)).trim(), '/usr/lib/heddle-plane/bin/node')
      t.match(await host.must('heddle-plane first /etc/heddle/control-plane.yaml'), /token create/)
    })

    await t.test('the agent runs as its user and is let in by one command, once', async (t) => {
      const enroll = 'heddle-agent enroll https://localhost:8888 --token-file /var/lib/heddle-plane/enrolment-token'
      t.match(await host.must(enroll), /is enrolled with https:\/\/localhost:8888/)
      const certificate = await host.must('sha256sum /var/lib/heddle-agent/identity/*')
      const edited = await host.read('/etc/heddle/agent.yaml')
      t.match(edited, /^planes: \[https:\/\/localhost:8888\]$/m)
      t.match(edited, /^# services:/m)
      t.match(await host.must(enroll), /is enrolled already/)
      t.equal(await host.must('sha256sum /var/lib/heddle-agent/identity/*'), certificate)
      t.equal(await host.read('/etc/heddle/agent.yaml'), edited)
      t.match(await host.must('find /var/lib/heddle-agent ! -user heddle-agent'), /^$/)
      await host.must(
        'systemctl start heddle-agent; until heddle-agent status /etc/heddle/agent.yaml; do sleep 0.5; done',
      )
    })

    await t.test('the doctor finds nothing wrong where all of it runs, and what is', async (t) => {
      const examined = async (only: string) => {
        const { output } = await host.run(`heddle doctor --json --only ${only} 2> /dev/null`)
        return (JSON.parse(output).findings as readonly Finding[]).map(({ level, text }) => `${level}: ${text}`)
      }
      const well = await examined('files,ports,state,permissions,identity,plane,xds,agent')
      t.strictSame(
        well.filter((line) => line.startsWith('error')),
        [],
      )
      for (const said of [
        /^ok: \/etc\/heddle\/agent\.yaml is a valid configuration of the agent/m,
        /^ok: \/etc\/heddle\/control-plane\.yaml is a valid configuration of the plane/m,
        /^ok: the page of the agent listens on port 9180 already: heddle-agent/m,
        /^ok: the certificate of n-\w+ .* holds until/m,
        /^ok: the agent n-\w+ .* is heard by https:\/\/localhost:8888/m,
        /^ok: the control plane's API listens on port 8888 already: heddle-plane/m,
      ])
        t.match(well.join('\n'), said)
      const asSomebody = (await host.run('setpriv --reuid=33 --regid=33 --clear-groups heddle doctor --only ports'))
        .output
      t.notMatch(asSomebody, /another configuration|held by/)
      await host.must("cp /etc/heddle/agent.yaml /root/; echo 'colour: blue' >> /etc/heddle/agent.yaml")
      t.match((await examined('files')).join('\n'), /^error: .*agent\.yaml.*colour/m)
      await host.must('cp /root/agent.yaml /etc/heddle/agent.yaml; rm /root/agent.yaml')
    })

    await t.test('edits, and what was switched off, survive upgrade and downgrade', async (t) => {
      await host.must(`echo '# mine' >> /etc/heddle/control-plane.yaml
        rm /etc/systemd/system/multi-user.target.wants/heddle-plane.service`)
      const [agent, plane] = [
        await host.read('/etc/heddle/agent.yaml'),
        await host.read('/etc/heddle/control-plane.yaml'),
      ]
      await anotherDefault(newer.find((file) => file.includes('heddle-agent')) ?? '', folder.path, host)
      const identity = await host.must('sha256sum /var/lib/heddle-agent/identity/*')
      for (const version of ['9.0.0', '1.0.0~rc.1']) {
        await host.must(`cd /root/packages; dpkg --force-confdef --force-confold -i *_${version}_*.deb 2>&1`)
        t.equal((await host.must('heddle-agent --version')).trim(), version.replace('~', '-'))
        t.equal(await host.read('/etc/heddle/agent.yaml'), agent)
        t.equal(await host.read('/etc/heddle/control-plane.yaml'), plane)
        t.equal((await host.run('ls /etc/systemd/system/multi-user.target.wants/heddle-plane.service')).code, 2)
        await host.must('ls /etc/systemd/system/multi-user.target.wants/heddle-agent.service')
        await host.must(
          'systemctl restart heddle-agent; until heddle-agent status /etc/heddle/agent.yaml; do sleep 0.5; done',
        )
        t.equal(await host.must('sha256sum /var/lib/heddle-agent/identity/*'), identity)
      }
    })

    await t.test('a removal keeps configuration and state, and a purge nothing', async (t) => {
      await host.must('systemctl stop heddle-agent heddle-plane; dpkg -r heddle-agent heddle-plane heddle-cli 2>&1')
      await host.must(
        'ls /etc/heddle/agent.yaml /var/lib/heddle-agent/identity/key.pem /var/lib/heddle-plane/heddle.db',
      )
      t.equal((await host.run('ls /usr/lib/heddle-agent')).code, 2)
      await host.must('dpkg -P heddle-agent heddle-plane heddle-cli 2>&1; rm /usr/local/bin/node /var/log/heddle-*')
      t.strictSame(differences(before, await everything(host)), [])
    })

    await t.test('where systemd runs, units are started, and not where the host says that nothing is', async (t) => {
      await host.must(`mkdir -p /run/systemd/system
        printf '%s\\n' '#!/bin/sh' 'echo "$@" >> /tmp/asked' 'case "$*" in *is-active*) exit 3 ;; *is-enabled*) echo enabled ;; esac' > /usr/local/bin/systemctl
        printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d`)
      await host.must('cd /root/packages; dpkg -i heddle-*_1.0.0~rc.1_*.deb 2>&1')
      t.notMatch(await host.must('cat /tmp/asked'), /start/)
      await host.must('dpkg -P heddle-agent heddle-plane 2>&1; rm /usr/sbin/policy-rc.d /tmp/asked')
      await host.must('cd /root/packages; dpkg -i heddle-*_1.0.0~rc.1_*.deb 2>&1')
      const asked = await host.must('cat /tmp/asked')
      t.match(asked, /daemon-reload/)
      t.match(asked, /start heddle-plane\.service/)
      t.match(asked, /start heddle-helper\.socket/)
      t.notMatch(asked, /start heddle-agent\.service/, 'an agent that nobody has enrolled waits')

      await host.must('rm /tmp/asked; cd /root/packages; dpkg -i heddle-*_9.0.0_*.deb 2>&1')
      t.notMatch(await host.must('cat /tmp/asked'), /start/, 'what somebody has stopped stays so over an upgrade')
      await host.must('dpkg -r heddle-agent heddle-plane 2>&1; rm /tmp/asked')
      await host.must('cd /root/packages; dpkg -i heddle-*_9.0.0_*.deb 2>&1')
      for (const unit of [/start heddle-plane\.service/, /start heddle-helper\.socket/, /start heddle-upgrade\.path/])
        t.match(await host.must('cat /tmp/asked'), unit, 'what was removed and is installed again runs again')
      t.equal((await host.run('ls /run/heddle-agent.installed-again')).code, 2)
    })
  })
})

type Finding = { readonly level: string; readonly text: string }
type Entry = { readonly mode: string; readonly owner: string; readonly path: string }

/** A line of `dpkg-deb -c`. */
function readEntry(line: string): Entry {
  const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/)
  return { mode, owner, path: path.replace(/^\./, '') }
}

async function freshHost(files: readonly string[]): Promise<Chroot> {
  const host = await Chroot.open({ name: 'host' })
  await mkdir(join(host.root, 'root/packages'))
  for (const file of files) await cp(file, join(host.root, 'root/packages', basename(file)))
  const systemctl = join(host.root, 'usr/local/bin/systemctl')
  await cp(join(projectFolder, 'test/support/systemctl.pl'), systemctl)
  await chmod(systemctl, 0o755)
  // Made for whatever has a DynamicUser first, and left. systemd's own is closed to everybody, since it mounts what is in it elsewhere.
  await host.must('mkdir -m 711 /var/lib/private')
  return host
}

/** A newer package whose own default of a configuration is another one: dpkg has to decide. */
async function anotherDefault(file: string, folder: string, host: Chroot): Promise<void> {
  const tree = join(folder, 'another')
  await must('dpkg-deb', ['-R', file, tree])
  await appendFile(join(tree, 'etc/heddle/agent.yaml'), '# a newer default\n')
  await must('dpkg-deb', [
    '-Znone',
    '--root-owner-group',
    '--build',
    tree,
    join(host.root, 'root/packages', basename(file)),
  ])
}

/** Every file with its kind, mode, owners, size and target, the contents of /etc, and users. Not: what dpkg, apt and logs keep of what they did. */
async function everything(host: Chroot): Promise<ReadonlySet<string>> {
  const left = [
    '/proc',
    '/sys',
    '/dev',
    '/run',
    '/tmp',
    '/root',
    '/var/lib/dpkg',
    '/var/lib/apt',
    '/var/cache',
    '/var/log',
  ]
  const pruned = left.map((path) => `-path ${path}`).join(' -o ')
  const backups = "-name 'passwd-' -o -name 'group-' -o -name 'shadow-' -o -name 'gshadow-' -o -name '.pwd.lock'"
  await host.must(`find / -xdev \\( ${pruned} -o ${backups} \\) -prune -o -printf '%p %y %m %U:%G %l' \\( -type f -printf ' %s' -o -true \\) -printf '\\n' > /tmp/files
    find /etc -type f ! -name '*-' ! -name .pwd.lock -exec sha256sum {} + >> /tmp/files`)
  return new Set((await readFile(join(host.root, 'tmp/files'), 'utf8')).trimEnd().split('\n'))
}

function differences(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ]
}

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}
