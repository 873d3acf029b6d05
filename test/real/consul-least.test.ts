import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { ConsulClient } from '#control-plane/consul/client.ts'
import { ForeignFollower } from '#control-plane/foreign/follow.ts'
import { DatacenterConfig } from '#control-plane/mirror/config.ts'
import { sweep } from '#control-plane/mirror/sweep.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { fleetOf, mirrorInto, readKey, register } from '#test/support/mirror/scene.ts'
import { projectFolder } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

// Of the documented policies no rule is there for nothing: without it something that is promised is not kept.
t.setTimeout(120_000)
const withinMs = 25_000

/** The rules of a policy file, by how they begin. */
async function rulesOf(file: string): Promise<ReadonlyMap<string, string>> {
  const text = (await readFile(join(projectFolder, 'docs', file), 'utf8')).replace(/^#.*$/gm, '')
  return new Map([...text.matchAll(/(\w+ "[^"]*") \{[^}]*\}/g)].map(([whole, head = '']) => [head, whole]))
}

const without = (rules: ReadonlyMap<string, string>, left: string | undefined) =>
  [...rules].flatMap(([head, rule]) => (head === left ? [] : [rule])).join('\n')

await using consul = await startConsul({ datacenter: 'zervigo-dc', acl: true })
await using folder = await temporaryFolder('least')
const token_file = join(folder.path, 'token')
const theirs = { ID: 'x', Service: 'least', Port: 8000 }
await register(consul, { Node: 'legacy', Address: '10.0.0.1', Service: theirs })

/** What becomes of a mirror whose instance stands where somebody else has registered one: it is shown, and it yields. */
async function mirrored(rules: string, service: string): Promise<string> {
  await writeFile(token_file, await consul.createToken(rules), { mode: 0o600 })
  await register(consul, { Node: 'legacy', Address: '10.0.0.1', Service: { ...theirs, Service: service } })
  const builder = fleetOf(service, 2)
  await using mirror = await mirrorInto([consul], builder.fleet, { owner: 'heddle', datacenter: { token_file } })
  const [sink] = mirror.sinks
  if (!sink) throw new Error('a sink')
  const status = await waitFor(() => sink.status(), {
    what: 'it to be proven or not to be permitted',
    withinMs,
    until: ({ state, proven }) => state === 'blocked' || (proven?.revision ?? -1) >= builder.fleet.revision,
  })
  if (status.state === 'blocked') return 'blocked'
  return status.figures.yielded === 1 ? 'works' : 'does not see others'
}

async function clean(server: ConsulServer): Promise<void> {
  const rules = await rulesOf('consul-policy.hcl')
  await writeFile(token_file, await server.createToken(without(rules, undefined)), { mode: 0o600 })
  using client = new ConsulClient({
    ...{ datacenter: server.datacenter, address: server.url, tokenFile: token_file },
    ...{ timeoutMs: 2_000, mostSockets: 4 },
  })
  await sweep({ consul: client, owner: 'heddle', apply: true, frozen: () => true })
}

const mirrorRules = await rulesOf('consul-policy.hcl')
t.equal(mirrorRules.size, 4, 'rules of the mirror')
for (const [index, left] of [undefined, ...mirrorRules.keys()].entries()) {
  await t.test(left === undefined ? 'with all its rules the mirror works' : `the mirror needs ${left}`, async (t) => {
    const became = await mirrored(without(mirrorRules, left), `least-${index}`)
    if (left === undefined) {
      t.equal(became, 'works')
      t.ok(await readKey(consul, 'heddle/heddle/fence'))
    } else t.not(became, 'works')
    await clean(consul)
  })
}

const readerRules = await rulesOf('consul-reader-policy.hcl')
t.equal(readerRules.size, 2, 'rules of who only reads')
for (const left of [undefined, ...readerRules.keys()]) {
  await t.test(
    left === undefined ? 'who only reads sees what others have' : `who only reads needs ${left}`,
    async (t) => {
      await writeFile(token_file, await consul.createToken(without(readerRules, left)), { mode: 0o600 })
      const datacenter = z.parse(DatacenterConfig, { name: 'zervigo-dc', address: consul.url, token_file })
      const builder = new FleetBuilder()
      await using follower = new ForeignFollower({
        ...{ datacenter, owner: 'heddle', fleet: builder.fleet, by: 'plane:test' },
        record: async () => 'changed',
        log: createLogger({ name: 'least', level: 'silent' }),
      })
      const status = await waitFor(() => follower.status, {
        what: 'an answer',
        withinMs,
        until: ({ error, instances }) => error !== undefined || follower.answered || instances > 0,
      })
      t.equal(status.error === undefined && status.instances > 0, left === undefined, JSON.stringify(status))
    },
  )
}

await t.test('who only reads may write nothing', async (t) => {
  const token = await consul.createToken(without(readerRules, undefined))
  for (const [path, body] of [
    ['/v1/kv/heddle/heddle/fence', {}],
    ['/v1/catalog/register', { Node: 'heddle-heddle-x', Address: '10.0.0.9' }],
    ['/v1/catalog/deregister', { Node: 'legacy' }],
  ] as const) {
    const answer = await fetch(`${consul.url}${path}`, {
      ...{ method: 'PUT', body: JSON.stringify(body), headers: { 'x-consul-token': token } },
      signal: AbortSignal.timeout(10_000),
    })
    t.equal(answer.status, 403, path)
  }
})
