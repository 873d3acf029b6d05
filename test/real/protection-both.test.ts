import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { BothGateways, type GatewayName, gatewayNames } from '#test/support/both-gateways.ts'
import { missingParts } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(180_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false
const withinMs = 25_000

await t.test(
  'panic calls whom checks condemn, where it was chosen; a drain lets go of nobody too early',
  { skip },
  async (t) => {
    await using both = await BothGateways.start({
      service: 'user',
      nodes: [{ name: 'near', instances: ['a', 'b', 'c'] }],
      routes: `services:
  user: { outlier_ejection: false }
  "use*": { outlier_ejection: false, panic_threshold: 50 }
routes:
  - { prefix: /calm, service: user, path: keep }
  - { prefix: /panic, service: "use*", path: keep }
`,
    })
    const ask = async (gateway: GatewayName, path: string) => {
      const response = await fetch(both.url(gateway, path), {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(10_000),
      })
      const text = await response.text()
      const { instance = '' } = text.startsWith('{') ? (JSON.parse(text) as { readonly instance?: string }) : {}
      return { status: response.status, instance }
    }
    const called = async (gateway: GatewayName, path: string) => {
      const seen = new Set<string>()
      for (let index = 0; index < 12; index += 1) seen.add((await ask(gateway, path)).instance)
      return [...seen].sort().join(' ')
    }
    const calls = async (path: string, wanted: string) => {
      for (const gateway of gatewayNames) {
        const what = `${gateway} to call ${wanted} for ${path}`
        await waitFor(() => called(gateway, path), { what, withinMs, until: (seen) => seen === wanted })
      }
      t.pass(`${path}: ${wanted}`)
    }
    await calls('/calm', 'a b c')
    for (const instance of ['b', 'c']) await both.server(instance).switch({ mode: 'fail' })
    await calls('/calm', 'a')
    await calls('/panic', 'a b c')
    for (const instance of ['b', 'c']) await both.server(instance).switch({ mode: 'ok' })
    await calls('/calm', 'a b c')

    await both.server('a').switch({ mode: 'slow', delayMs: 1_200 })
    const held = gatewayNames.flatMap((gateway) => Array.from({ length: 6 }, () => ask(gateway, '/calm')))
    const inFlight = async () => (await both.server('a').stats()).inFlight
    await waitFor(inFlight, { what: 'requests under way', withinMs, until: (count) => count > 0 })
    const all = await both.plane.get<readonly InstanceView[]>('/v1/instances')
    const { id = '' } = all.find(({ port }) => port === both.server('a').port) ?? {}
    const response = await fetch(`${both.plane.url}/v1/instances/${id}/admission`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ admission: 'draining', reason: 'test', by: 'test' }),
    })
    t.ok(response.ok, await response.text())
    const answers = await Promise.all(held)
    t.ok(
      answers.every(({ status }) => status === 200),
      'what was under way is answered',
    )
    t.ok(answers.some(({ instance }) => instance === 'a'))
    await calls('/calm', 'b c')
  },
)
