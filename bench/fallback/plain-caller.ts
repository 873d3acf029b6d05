import type { CallAnswer } from '#shared/client/client.ts'
import { decideCluster } from '#shared/federation/decide.ts'
import { defaultMargins } from '#shared/federation/policy.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { DiscoveryView } from '#shared/protocol/discovery-list.ts'

const askedEveryMs = 5_000

/** What a caller without the client does: a list of instances that is asked for now and then, and one attempt. */
export async function startPlainCaller(
  plane: string,
): Promise<AsyncDisposable & { readonly call: () => Promise<CallAnswer> }> {
  const stop = new AbortController()
  const read = async () => {
    const response = await fetch(`${plane}/v1/discovery?service=basic-server`)
    const view = (await response.json()) as DiscoveryView
    return view.basic_servers.filter(({ routable }) => routable !== 'no')
  }
  let instances = await read()
  const asking = (async () => {
    while (!stop.signal.aborted) {
      await pause(askedEveryMs, stop.signal)
      if (!stop.signal.aborted) instances = await read()
    }
  })()
  let turn = 0
  const call = async (): Promise<CallAnswer> => {
    const cluster = instances.some((each) => each.cluster === 'zervigo') ? 'zervigo' : 'looma'
    const those = instances.filter((each) => each.cluster === cluster)
    turn += 1
    const instance = those[turn % those.length]
    if (!instance) throw new Error('no instance')
    const { id, address, port } = instance
    const response = await fetch(`http://${address}:${port}/hello`, { signal: AbortSignal.timeout(5_000) })
    const body = Buffer.from(await response.arrayBuffer())
    const ending = `answered ${response.status}`
    const attempt = { cluster, instance: id, address, port, why: 'chosen', ending, tookMs: 0 } as const
    const policy = { rules: [], margins: defaultMargins }
    const decision = decideCluster({ type: 'other', pin: cluster, clusters: [], policy, previous: undefined })
    return {
      status: response.status,
      headers: {},
      body,
      taken: { service: 'basic-server', decision, attempts: [attempt] },
    }
  }
  return {
    call,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await asking
    },
  }
}
