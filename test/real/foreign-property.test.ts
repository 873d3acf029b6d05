import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { ConsulServer } from '#test/support/consul.ts'
import { foreignPlane } from '#test/support/foreign/scene.ts'
import { ModelHeddle, rowsOf } from '#test/support/foreign/world.ts'
import { CatalogueModel } from '#test/support/mirror/catalogue-model.ts'
import { deregister, notOfOwner, proves, records, register, startTwoConsuls } from '#test/support/mirror/scene.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

await using consuls = await startTwoConsuls('1.8')
const names = consuls.map(({ datacenter }) => datacenter)

const record = fc.record({
  datacenter: fc.constantFrom(...names),
  node: fc.constantFrom('legacy', '老节点', 'heddle-x'),
  id: fc.constantFrom('crm-1', 'node', 'b/1'),
  service: fc.constantFrom('crm', 'billing'),
  port: fc.constantFrom(80, 81),
  status: fc.constantFrom('passing', 'warning', 'critical'),
})
const scene = fc.record({
  records: fc.uniqueArray(record, {
    maxLength: 6,
    selector: ({ datacenter, node, id }) => `${datacenter} ${node} ${id}`,
  }),
  copied: fc.subarray([...names]),
})
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never

/** What a Heddle does with the same records in models of the catalogues. */
function modelled({ records, copied }: Scene): readonly string[] {
  const models = new Map(names.map((name) => [name, new CatalogueModel()]))
  for (const { datacenter, node, id, service, port, status } of records) {
    const model = models.get(datacenter)
    model?.putNode({ name: node, address: '10.9.0.1', meta: {} })
    model?.putService({ node, id, service, address: '10.9.0.1', port, tags: [], meta: {}, weight: 1 })
    const check = { node, id: `service:${id}`, name: '', status, notes: '', output: '' }
    model?.putCheck({ ...check, serviceId: id, serviceName: service, serviceTags: [] })
  }
  const rules = copied.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to, select: [{}] })))
  const heddle = new ModelHeddle('model', models, rules)
  while (heddle.step() > 0);
  return [...models].flatMap(([name, model]) => {
    const copies = rowsOf(model).filter(({ meta }) => meta['heddle-origin'] === 'foreign')
    return copies.map(({ node, id, service, port }) => {
      const check = model.actual().nodes.get(node.toLowerCase())?.checks.get(`heddle:${id}`.toLowerCase())
      return `${name} ${service} ${id} ${port} ${check?.record.status}`
    })
  })
}

type Row = {
  readonly Service: { readonly ID: string; readonly Service: string; readonly Port: number; readonly Meta: object }
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string }[]
}

async function copiesIn(consul: ConsulServer, owner: string): Promise<readonly string[]> {
  const copies: string[] = []
  for (const service of ['crm', 'billing']) {
    const filter = encodeURIComponent(`Node.Meta["heddle-owner"] == "${owner}"`)
    const rows = await consul.request<readonly Row[]>('GET', `/v1/health/service/${service}?filter=${filter}`)
    for (const { Service, Checks } of rows) {
      const status = Checks.find(({ CheckID }) => CheckID === `heddle:${Service.ID}`)?.Status
      copies.push(`${consul.datacenter} ${service} ${Service.ID} ${Service.Port} ${status}`)
    }
  }
  return copies
}

await t.test(
  'real Consuls come to rest as the models do, and what others registered is byte for byte the same',
  async (t) => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        run += 1
        const owner = `run-${run}`
        for (const { datacenter, node, id, service, port, status } of given.records) {
          const consul = consuls.find((each) => each.datacenter === datacenter)
          if (!consul) continue
          const Service = { ID: id, Service: service, Address: '10.9.0.1', Port: port, Tags: [] }
          const Check = { CheckID: `service:${id}`, Name: 'theirs', Status: status, ServiceID: id }
          await register(consul, { Node: node, Address: '10.9.0.1', Service, Check })
        }
        const theirs = () => Promise.all(consuls.map((consul) => records(consul, notOfOwner(owner))))
        const before = await theirs()
        const expected = modelled(given).toSorted()
        const policies = Object.fromEntries(
          given.copied.map((from) => {
            const to = names.filter((name) => name !== from)
            return [from, { copy_to: to.map((datacenter) => ({ datacenter })) }]
          }),
        )
        {
          await using plane = await foreignPlane(consuls, { owner, policies })
          const there = async () =>
            (await Promise.all(consuls.map((consul) => copiesIn(consul, owner)))).flat().toSorted()
          await waitFor(there, {
            what: `the copies ${expected.join(', ')}`,
            withinMs: 15_000,
            until: (copies) => isDeepStrictEqual(copies, expected),
          })
          await waitFor(() => plane.foreign.complete(), { what: 'all to have answered', withinMs: 15_000 })
          await proves(plane.mirror.sinks, plane.fleet)
          t.strictSame(await there(), expected)
          t.equal(plane.fleet.foreign.size, given.records.length)
        }
        t.strictSame(await theirs(), before)
        for (const consul of consuls) {
          const nodes = await consul.request<readonly { readonly Node: string }[]>('GET', '/v1/catalog/nodes')
          for (const { Node } of nodes) {
            if (Node !== `${consul.datacenter}-server`) await deregister(consul, { Node })
          }
        }
      }),
      { numRuns: 8, endOnFailure: true },
    )
  },
)
