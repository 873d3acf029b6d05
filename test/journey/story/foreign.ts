import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod/mini'
import { DiscoveryView } from '#shared/protocol/discovery-list.ts'
import type { ConsulServer } from '#test/support/consul.ts'
import type { Landscape } from '#test/support/landscape/landscape.ts'
import { foreignService } from '#test/support/landscape/plan.ts'
import { waitFor } from '#test/support/wait.ts'
import { hold, type Step, spell, stopwatch } from './step.ts'

const { name, id, datacenter } = foreignService

const Rows = z.array(
  z.object({
    Node: z.object({ Node: z.string() }),
    Service: z.looseObject({ ID: z.string(), Meta: z.nullish(z.record(z.string(), z.string())) }),
    Checks: z.array(z.looseObject({ CheckID: z.string(), ServiceID: z.string(), Status: z.string() })),
  }),
)
type Row = z.output<typeof Rows>[number]

/** What a Consul has under the foreign service's name, whoever wrote it. */
async function rowsIn(consul: ConsulServer): Promise<readonly Row[]> {
  return z.parse(Rows, await consul.request('GET', `/v1/health/service/${name}`))
}

const isOurs = ({ Service }: Row) => Service.Meta?.['heddle-owner'] !== undefined

/** The copy's status in looma-dc; undefined: there is none. */
async function copyStatus({ looma }: Landscape): Promise<string | undefined> {
  const copy = (await rowsIn(looma)).find((row) => isOurs(row) && row.Service.Meta?.['heddle-id'] === id)
  return copy?.Checks.find(({ ServiceID }) => ServiceID === copy.Service.ID)?.Status
}

function copied(landscape: Landscape, status: string): Promise<unknown> {
  return waitFor(() => copyStatus(landscape), {
    what: `${name} to be ${status} in looma-dc`,
    withinMs: 30_000,
    everyMs: 20,
    until: (seen) => seen === status,
  })
}

/**
 * The record as its owners made it, every index with it but that of the check: a new status, which it has from their own Consul, moves
 * that, as it may move what their Consul says of the answer.
 */
async function originals({ zervigo }: Landscape): Promise<string> {
  const node = await zervigo.request('GET', `/v1/catalog/node/${zervigo.datacenter}-server`)
  const checks = (await rowsIn(zervigo)).flatMap(({ Checks }) =>
    Checks.map(({ ModifyIndex: _, Output: __, ...check }) => check),
  )
  return JSON.stringify({ node, checks })
}

/** The datacenters in which the plane holds it to be registered by others, one list for each such service that it lists. */
async function believed({ view }: Landscape): Promise<readonly (readonly string[])[]> {
  const response = await fetch(`${view.url}/v1/discovery?service=${name}`)
  const { zervi_services: listed } = z.parse(DiscoveryView, await response.json())
  return listed.map(({ datacenters }) => datacenters)
}

export const foreignCopied: Step = {
  title:
    'what others registered is copied to the other datacenter and lives and dies there; nothing comes back, theirs is untouched',
  run: async (landscape) => {
    const { zervigo, foreign } = landscape
    if (!foreign) throw new Error('nobody else has registered anything')
    await copied(landscape, 'passing')
    const before = await originals(landscape)
    const dying = stopwatch()
    await foreign.kill()
    await copied(landscape, 'critical')
    const diedMs = dying()
    await foreign.start()
    const living = stopwatch()
    await copied(landscape, 'passing')
    const backMs = living()
    const listed = JSON.stringify(await believed(landscape))
    hold(listed === JSON.stringify([[datacenter]]), `its copy is taken for one more: ${listed}`)
    const here = await rowsIn(zervigo)
    hold(
      isDeepStrictEqual(
        here.map(({ Service }) => Service.ID),
        [id],
      ),
      `${datacenter} has more of it: ${JSON.stringify(here)}`,
    )
    hold((await originals(landscape)) === before, 'the foreign record was changed')
    return `killed: critical in the copy after ${spell(diedMs)}; started: passing after ${spell(backMs)}; foreign records byte-identical`
  },
}
