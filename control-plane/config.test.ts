import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import type { Failure } from '#shared/failure/failure.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { advertisedApi, isOpen, loadPlaneConfig, PlaneConfig, servesTls } from './config.ts'

t.test('the example is valid, and says what it seems to say', async (t) => {
  const config = await loadPlaneConfig(join(projectFolder, 'docs/examples/control-plane.yaml'), {})
  t.match(config, {
    api: { port: 8888 },
    ingest: { agents: { grace: 60_000 }, clients: { heartbeat_lifetime: 300_000 } },
    mirror: { owner: 'heddle', datacenters: [{ name: 'zervigo-dc', mode: 'apply' }, { mode: 'observe' }] },
    routing: { xds: { port: 18_000 } },
  })
})

t.test('without a file the defaults hold, and the environment wins over both', async (t) => {
  const config = await loadPlaneConfig(undefined, { HEDDLE_API__PORT: '9000', HEDDLE_PLANE: 'http://127.0.0.1:9000' })
  t.match(config, { api: { address: '127.0.0.1', port: 9000 }, mirror: { datacenters: [] } })
})

t.test('every problem is told at once, with file, line and path', async (t) => {
  await using folder = await temporaryFolder('config')
  const path = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { address: '0.0.0.0', port: 'eighty' },
    mirror: { datacenters: [{ name: 'a', address: 'nowhere' }] },
    colour: 'green',
  })
  const failure = await loadPlaneConfig(path, {}).then(
    () => undefined,
    (error: Failure) => error,
  )
  t.equal(failure?.code, 'CONFIG_INVALID')
  for (const place of [
    /plane\.yaml:3 api\.port: /,
    /plane\.yaml:\d+ mirror\.datacenters\[0\]\.address: /,
    /colour: unknown key/,
  ]) {
    t.match(failure?.message, place)
  }
})

for (const { what, api, tls, open } of [
  { what: 'on loopback', api: {}, tls: false, open: false },
  { what: 'on loopback, where that is said', api: { tls: true }, tls: true, open: false },
  { what: 'on another address', api: { address: '0.0.0.0' }, tls: true, open: false },
  { what: 'on another address without security', api: { address: '0.0.0.0', insecure: true }, tls: false, open: true },
]) {
  t.test(`the API ${what} is asked ${tls ? 'over TLS' : 'without TLS'}`, async (t) => {
    const read = z.parse(PlaneConfig, { api }).api
    t.equal(servesTls(read), tls)
    t.equal(isOpen(read), open)
  })
}

t.test('the API leaves TLS and loopback only when that is said', async (t) => {
  const load = (tls: string, insecure: string) =>
    loadPlaneConfig(undefined, {
      ...{ HEDDLE_API__ADDRESS: '0.0.0.0', HEDDLE_API__TLS: tls, HEDDLE_API__INSECURE: insecure },
    })
  await t.rejects(load('false', 'false'), /insecure/)
  await t.rejects(load('true', 'true'), /one of/)
  t.equal((await load('false', 'true')).api.address, '0.0.0.0')
})

for (const { address = '127.0.0.1', advertise, api } of [
  { api: 'http://127.0.0.1:8888' },
  { address: '10.0.0.5', api: 'http://10.0.0.5:8888' },
  { address: '0.0.0.0', api: 'http://plane-1:8888' },
  { address: '::', api: 'http://plane-1:8888' },
  { address: 'fd00::5', api: 'http://[fd00::5]:8888' },
  { address: '0.0.0.0', advertise: 'https://one.example', api: 'https://one.example' },
]) {
  t.test(`a plane at ${address} is reached at ${api}`, async (t) => {
    t.equal(advertisedApi({ address, port: 8888, insecure: true, names: [], advertise }, 'plane-1'), api)
  })
}
