import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, programOf, projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { startUnit } from '#test/support/units/start-unit.ts'
import { readUnit, service } from '#test/support/units/unit-file.ts'
import { whyNoUnits } from '#test/support/units/why-no-units.ts'

t.setTimeout(120_000)

const monitoring = join(projectFolder, 'systemd/monitoring')
const skip =
  missingParts(['prometheus']).length > 0 ? 'Prometheus is not there (node setup.mjs --part prometheus)' : whyNoUnits()
const beside = (name: string) => join(dirname(programOf('prometheus')), name)

t.test('promtool and amtool understand the files', { skip }, async (t) => {
  const says = async (name: string, ...args: readonly string[]) =>
    (await promisify(execFile)(beside(name), [...args], { encoding: 'utf8' })).stdout
  t.match(await says('promtool', 'check', 'config', '--syntax-only', join(monitoring, 'prometheus.yml')), /SUCCESS/)
  t.match(await says('promtool', 'check', 'rules', join(monitoring, 'rules.yml')), /SUCCESS: 3 rules/)
  t.match(await says('amtool', 'check-config', join(monitoring, 'alertmanager.yml')), /SUCCESS/)
})

t.test('the ports and the time that is kept are those of the requirements', async (t) => {
  const exec = async (name: string) => service(await readUnit(`monitoring/${name}.service`), 'ExecStart') ?? ''
  t.match(await exec('prometheus'), /retention\.time=200h .*127\.0\.0\.1:9090/)
  t.match(await exec('alertmanager'), /127\.0\.0\.1:9093/)
  t.match(await exec('jaeger'), /127\.0\.0\.1:16686/)
  t.match(await readFile(join(monitoring, 'grafana.ini'), 'utf8'), /http_addr = 127\.0\.0\.1\nhttp_port = 3000/)
})

for (const { name, program, files, port, page } of [
  { name: 'prometheus', program: 'prometheus', files: ['prometheus.yml', 'rules.yml'], port: 9090, page: '/-/ready' },
  {
    name: 'alertmanager',
    program: 'prometheus-alertmanager',
    files: ['alertmanager.yml'],
    port: 9093,
    page: '/-/ready',
  },
]) {
  t.test(`${name} runs as its unit has it`, { skip }, async (t) => {
    await using folder = await temporaryFolder(name)
    await chmod(folder.path, 0o755)
    const unit = new Map(await readUnit(`monitoring/${name}.service`))
    const free = await freePort()
    const exec = (service(unit, 'ExecStart') ?? '').replace(`127.0.0.1:${port}`, `127.0.0.1:${free}`)
    unit.set('Service', new Map([...(unit.get('Service') ?? []), ['ExecStart', [exec]]]))
    await mkdir(join(folder.path, 'unit'))
    const etc = Object.fromEntries(
      await Promise.all(
        files.map(async (file) => [`monitoring/${file}`, await readFile(join(monitoring, file), 'utf8')] as const),
      ),
    )
    await using run = await startUnit(unit, {
      folder: join(folder.path, 'unit'),
      installed: {
        '/usr/lib/heddle/bin/node': await realpath(process.execPath),
        [`/usr/bin/${program}`]: beside(program),
        '/usr/share/prometheus': beside('../share/prometheus'),
      },
      etc,
    })
    await run.ready('its page', 30_000, async () => (await fetch(`http://127.0.0.1:${free}${page}`)).ok)
    t.match(await readFile(`/proc/${run.pid}/status`, 'utf8'), /^CapBnd:\s+0+$/m)
    t.strictSame(await run.stop(), { code: 0, signal: null }, run.output)
  })
}
