import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ConsulClient } from '#control-plane/consul/client.ts'
import { sweep } from '#control-plane/mirror/sweep.ts'
import type { ConsulServer } from '../consul.ts'
import { FleetBuilder } from '../fleet-builder.ts'
import { temporaryFolder } from '../folder.ts'
import { projectFolder } from '../parts.ts'
import { waitFor } from '../wait.ts'
import {
  fleetOf,
  healthOf,
  mirrorInto,
  notOfOwner,
  ofOwner,
  proves,
  reaches,
  readKey,
  records,
  register,
  shown,
  startTwoConsuls,
  type Version,
} from './scene.ts'

/** What keeps a mistake from becoming a disaster. */
export async function safetySuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo] = consuls

  const orphan = async (owner: string, count: number) => {
    const builder = fleetOf(owner, count)
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner })
    await proves(mirror.sinks, builder.fleet)
  }

  await t.test('a few orphaned records of ours go by themselves', async (t) => {
    await orphan('orphans', 5)
    const builder = new FleetBuilder()
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'orphans' })
    await waitFor(() => records(zervigo, ofOwner('orphans')), {
      what: 'none left',
      withinMs: 20_000,
      until: (left) => Object.keys(left).length === 0,
    })
    t.strictSame([...mirror.pending().values()], [[]])
  })

  await t.test('many wait for an operator, while additions, criticals and deregistrations go on', async (t) => {
    await orphan('many', 30)
    const builder = new FleetBuilder()
    for (const i of [0, 1, 2, 3]) {
      builder.node(`n-many-${i}`)
      builder.instance(`many-${i}`, `n-many-${i}`, { service: 'many', port: 8000 + i, tags: ['zervigo', 'go'] })
    }
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'many' })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    await reaches(sink, 'blocked')
    t.equal(mirror.pending().get('zervigo-dc')?.length, 26)
    t.match(sink.status().remarks.join(), /26 deletions .* wait for an operator/)
    t.match(sink.explain('many-20'), { state: 'different', remark: /waits for an operator/ })
    builder.judge('many-0', 'critical', 'refused')
    builder.deregister('many-1')
    builder.instance('many-x', 'n-many-2', { service: 'many', port: 9_000 })
    await proves(mirror.sinks, builder.fleet)
    const rows = await shown(zervigo, 'many')
    t.ok(rows.includes('many-0: critical refused') && rows.includes('many-x: passing ok'))
    t.notOk(rows.some((row) => row.startsWith('many-1:')))
    t.equal(rows.length, 30)
    t.equal(mirror.approve('nowhere'), undefined)
    t.equal(mirror.approve('zervigo-dc'), 26)
    await waitFor(() => shown(zervigo, 'many'), {
      what: 'the approved to go',
      withinMs: 20_000,
      until: ({ length }) => length === 4,
    })
    await reaches(sink, 'following')
  })

  await t.test('a fleet that is not complete takes nothing away', async (t) => {
    await orphan('early', 3)
    const builder = new FleetBuilder({ complete: false })
    builder.node('n-early-0')
    builder.instance('early-0', 'n-early-0', { service: 'early', port: 8000 })
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'early' })
    await proves(mirror.sinks, builder.fleet)
    t.equal((await shown(zervigo, 'early')).length, 3)
    builder.fleet.markComplete()
    await waitFor(() => shown(zervigo, 'early'), {
      what: 'the rest to go',
      withinMs: 20_000,
      until: ({ length }) => length === 1,
    })
  })

  await t.test('sweep lists and removes exactly the records of an owner, and only while frozen', async (t) => {
    const builder = fleetOf('swept', 20)
    const beside = fleetOf('unswept', 2)
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'swept' })
    await using other = await mirrorInto([zervigo], beside.fleet, { owner: 'unswept' })
    await proves(mirror.sinks, builder.fleet)
    await proves(other.sinks, beside.fleet)
    builder.freeze()
    await reaches(mirror.sinks[0] ?? failed(), 'frozen')
    beside.freeze()
    const theirs = { ID: 'theirs', Service: 'theirs', Port: 1 }
    await register(zervigo, { Node: 'heddle-swept-n-swept-3', SkipNodeUpdate: true, Service: theirs })
    const before = await records(zervigo, notOfOwner('swept'))
    using consul = clientOf(zervigo)
    const frozen = () => builder.fleet.installation.frozen !== undefined

    const listed = await sweep({ consul, owner: 'swept', apply: false, frozen })
    t.equal(listed.records.length, 42)
    t.equal((await shown(zervigo, 'swept')).length, 20)
    await t.rejects(sweep({ consul, owner: 'swept', apply: true, frozen: () => false }), { code: 'SWEEP_NOT_FROZEN' })
    t.equal((await shown(zervigo, 'swept')).length, 20)

    const swept = await sweep({ consul, owner: 'swept', apply: true, frozen })
    t.strictSame([...swept.records].sort(), [...listed.records].sort())
    t.match(swept.left, [/node heddle-swept-n-swept-3 still holds the service theirs/])
    t.strictSame(await shown(zervigo, 'swept'), [])
    t.equal((await healthOf(zervigo, 'theirs')).length, 1)
    t.strictSame(Object.keys(await records(zervigo, ofOwner('swept'))), ['heddle-swept-n-swept-3'])
    t.strictSame(await records(zervigo, notOfOwner('swept')), before)
    t.equal(await readKey(zervigo, 'heddle/swept/fence'), undefined)

    builder.thaw()
    await proves(mirror.sinks, builder.fleet)
    t.equal((await shown(zervigo, 'swept')).length, 20, 'thawed, the mirror writes them again')
  })
}

/** With tokens that everything needs. */
export async function permissionSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version, true)
  const [zervigo] = consuls
  await using folder = await temporaryFolder('tokens')
  const token_file = join(folder.path, 'token')
  const rules = await readFile(join(projectFolder, 'docs/consul-policy.hcl'), 'utf8')

  await t.test('the documented policy suffices for a whole life, and permits nothing else', async (t) => {
    const token = await zervigo.createToken(rules)
    await writeFile(token_file, `${token}\n`, { mode: 0o600 })
    const builder = fleetOf('permitted', 3)
    await register(zervigo, {
      Node: 'legacy',
      Address: '10.0.0.1',
      Service: { ID: 'x', Service: 'permitted', Port: 8002 },
    })
    {
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'heddle', datacenter: { token_file } })
      await proves(mirror.sinks, builder.fleet)
      t.equal(mirror.sinks[0]?.status().figures.yielded, 1)
      builder.judge('permitted-0', 'critical', 'refused')
      builder.deregister('permitted-1')
      await proves(mirror.sinks, builder.fleet)
      t.match(await shown(zervigo, 'permitted'), ['permitted-0: critical refused', /^x:/])
      const written = Date.now()
      await waitFor(() => mirror.sinks[0]?.status().proven?.at ?? 0, {
        what: 'a comparison after that',
        withinMs: 20_000,
        until: (at) => at > written,
      })
    }
    using consul = clientOf(zervigo, token_file)
    const { left } = await sweep({ consul, owner: 'heddle', apply: true, frozen: () => true })
    t.strictSame(left, [])
    t.strictSame(await records(zervigo, ofOwner('heddle')), {})
    const attempt = async (path: string, body: object) => {
      const response = await fetch(`${zervigo.url}${path}`, {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { 'x-consul-token': token },
      })
      return response.status
    }
    t.equal(await attempt('/v1/kv/other', {}), 403)
    t.equal(await attempt('/v1/kv/heddle/other/fence', {}), 403)
    t.equal(await attempt('/v1/catalog/register', { Node: 'legacy', Address: '10.6.6.6' }), 403)
    t.equal(await attempt('/v1/catalog/deregister', { Node: 'legacy' }), 403)
    t.equal(await attempt('/v1/acl/policy', { Name: 'more' }), 403)
  })

  await t.test('a service that the token may not write is said, and the others are written', async (t) => {
    const narrow = `
      node_prefix "heddle-narrow-" { policy = "write" }
      node_prefix "" { policy = "read" }
      service "narrow" { policy = "write" }
      service_prefix "" { policy = "read" }
      key_prefix "heddle/narrow/" { policy = "write" }`
    await writeFile(token_file, await zervigo.createToken(narrow), { mode: 0o600 })
    const builder = fleetOf('narrow', 2)
    builder.instance('forbidden-0', 'n-narrow-0', { service: 'forbidden', port: 9_000 })
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'narrow', datacenter: { token_file } })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    await reaches(sink, 'blocked')
    await waitFor(() => shown(zervigo, 'narrow'), {
      what: 'the permitted',
      withinMs: 20_000,
      until: ({ length }) => length === 2,
    })
    t.match(sink.status().remarks.join(), /forbidden-0 on .*Permission denied/)
  })

  await t.test('a token that is taken back stops the mirror, and a new one in the file is used at once', async (t) => {
    await writeFile(token_file, await zervigo.createToken(rules), { mode: 0o600 })
    const builder = fleetOf('rotated')
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'heddle', datacenter: { token_file } })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    await proves(mirror.sinks, builder.fleet)
    const old = (await readFile(token_file, 'utf8')).trim()
    const { AccessorID } = await self(zervigo, old)
    await zervigo.request('DELETE', `/v1/acl/token/${AccessorID}`)
    builder.judge('rotated-0', 'critical', 'refused')
    const { remarks } = await reaches(sink, 'blocked')
    t.match(remarks.join(), /ACL not found/)
    t.notMatch(JSON.stringify(sink.status()), new RegExp(old))
    await writeFile(token_file, await zervigo.createToken(rules), { mode: 0o600 })
    await proves(mirror.sinks, builder.fleet, 15_000)
    t.strictSame(await shown(zervigo, 'rotated'), ['rotated-0: critical refused'])
  })
}

async function self(consul: ConsulServer, token: string): Promise<{ readonly AccessorID: string }> {
  const response = await fetch(`${consul.url}/v1/acl/token/self`, { headers: { 'x-consul-token': token } })
  return response.json() as Promise<{ AccessorID: string }>
}

function clientOf(consul: ConsulServer, tokenFile?: string): ConsulClient {
  return new ConsulClient({
    datacenter: consul.datacenter,
    address: consul.url,
    tokenFile,
    timeoutMs: 2_000,
    mostSockets: 4,
  })
}

function failed(): never {
  throw new Error('a sink')
}
