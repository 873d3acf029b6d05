import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { nginxConfiguration } from '#test/support/nginx.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'

t.setTimeout(90_000)
const execute = promisify(execFile)
const notRoot = process.getuid?.() !== 0 && 'mounting needs root'

await using folder = await temporaryFolder('doctor')

await t.test('a full disk is found, and is not once there is room', { skip: notRoot }, async (t) => {
  const disk = join(folder.path, 'disk')
  await mkdir(disk, { mode: 0o700 })
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=0700', 'tmpfs', disk])
  try {
    const config = { journal: { path: join(disk, 'heddle.db') } }
    t.strictSame(ills(await diagnosed(folder.path, config, 'disk,state')), [])
    for (const { mib, says } of [
      { mib: 320, says: /^warning: .*80 MiB of 400 MiB are free/ },
      { mib: 395, says: /^error: .*5 MiB of 400 MiB are free.*Make room/ },
    ]) {
      await execute('fallocate', ['-l', `${mib}MiB`, join(disk, 'filler')])
      t.match(ills(await diagnosed(folder.path, config, 'disk')), [says])
      await rm(join(disk, 'filler'))
    }
    t.strictSame(ills(await diagnosed(folder.path, config, 'disk')), [])
    const { stdout } = await execute('ls', ['-A', disk])
    t.equal(stdout, '', 'the doctor left nothing there')
    for (let n = 0; n < 9; n += 1) await writeFile(join(disk, `f${n}`), '')
    await execute('mount', ['-o', 'remount,nr_inodes=60', disk])
    t.match(ills(await diagnosed(folder.path, config, 'disk')), [/^error: .*inodes are free/])
  } finally {
    await execute('umount', [disk])
  }
})

await t.test('secrets and folders that are open are found, and chmod as told mends them', async (t) => {
  const token_file = join(folder.path, 'open-token')
  const state = join(folder.path, 'open-state')
  await writeFile(token_file, 'geheim')
  await chmod(token_file, 0o644)
  await mkdir(state)
  await chmod(state, 0o777)
  const config = {
    journal: { path: join(state, 'heddle.db') },
    mirror: { datacenters: [{ name: 'a', address: 'http://127.0.0.1:1', token_file }] },
  }
  const found = await diagnosed(folder.path, config, 'permissions')
  t.match(ills(found), [/token_file .*open to every user.*0644/, /may be written by every user.*0777/])
  t.notMatch(JSON.stringify(found), /geheim/)
  for (const { remedy } of found) {
    const [, args] = /^chmod (\S+ \S+?),?( |$)/.exec(remedy ?? '') ?? []
    if (args !== undefined) await execute('chmod', args.replace(/,$/, '').split(' '))
  }
  t.equal((await stat(token_file)).mode & 0o777, 0o640)
  t.strictSame(ills(await diagnosed(folder.path, config, 'permissions')), [])
})

await t.test('a limit of files that is too low for a plane is found, and raising it as told mends it', async (t) => {
  const file = await writeYaml(join(folder.path, 'plane.yaml'), { api: { port: 1 } })
  const under = async (limit: number) => {
    const command = [
      process.execPath,
      join(projectFolder, 'cli/heddle.ts'),
      'doctor',
      file,
      '--only',
      'limits',
      '--json',
    ]
    const run = execute('prlimit', [`--nofile=${limit}`, ...command])
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error)
    const mine = JSON.parse(stdout).findings.filter(({ text }: { text: string }) => text.includes('from this shell'))
    return ills(mine)
  }
  const [ill = ''] = await under(300)
  t.match(ill, /^error: a plane that is started from this shell may open 300 files.*LimitNOFILE=/)
  t.strictSame(await under(Number(/Raise it to (\d+)/.exec(ill)?.[1])), [])
})

await t.test(
  'an Nginx whose configuration is broken is found with the line, and is not once it is mended',
  async (t) => {
    const prefix = join(folder.path, 'nginx')
    const main_config = join(prefix, 'nginx.conf')
    await mkdir(join(prefix, 'temp'), { recursive: true })
    const gateway = { name: 'edge', proxy: 'nginx', binary: programOf('nginx'), prefix, main_config }
    const config = { planes: ['http://127.0.0.1:1'], state_dir: join(folder.path, 'state'), gateways: [gateway] }
    await writeFile(main_config, nginxConfiguration('server { listen 127.0.0.1:1; lisen 2; }'))
    t.match(ills(await diagnosed(folder.path, config, 'proxies')), [
      /Nginx does not take .*unknown directive "lisen" in .*nginx\.conf:\d+/,
    ])
    await writeFile(main_config, nginxConfiguration('server { listen 127.0.0.1:1; }'))
    t.strictSame(ills(await diagnosed(folder.path, config, 'proxies')), [])
    const none = { ...config, gateways: [{ ...gateway, binary: join(folder.path, 'no-nginx') }] }
    t.match(ills(await diagnosed(folder.path, none, 'proxies')), [/there is no .*no-nginx/])
  },
)
