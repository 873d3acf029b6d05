import { waitFor } from '#test/support/wait.ts'
import { everywhere, inConsul, instanceOf } from './look.ts'
import { hold, type Step, spell, stopwatch } from './step.ts'
import { noneFailed, underTraffic } from './traffic.ts'

export const allVisible: Step = {
  title: 'every instance is visible and passing in both datacenters',
  run: async (landscape) => {
    const elapsed = stopwatch()
    const { zervigo, looma, members, view } = landscape
    const instances = await waitFor(() => view.instances(), {
      what: 'all instances in the fleet',
      withinMs: 20_000,
      until: (seen) => seen.length === members.length,
    })
    for (const consul of [zervigo, looma]) {
      await waitFor(() => Promise.all(instances.map((each) => inConsul(consul, each))), {
        what: `all passing in ${consul.datacenter}`,
        withinMs: 20_000,
        until: (seen) => seen.every((status) => status === 'passing'),
      })
    }
    for (const each of instances) {
      if (each.service === 'basic-server') await everywhere(landscape, each, 'in', 20_000)
    }
    return `${instances.length} instances in two datacenters, Envoy and Nginx after ${spell(elapsed())}`
  },
}

export const spread: Step = {
  title: 'requests are spread over the instances through Envoy and through Nginx',
  run: async (landscape) => {
    const both = await underTraffic(landscape, 100, async () => {
      const quota = () => both100(landscape)
      await quota()
    })
    for (const [way, { instances }] of [
      ['Envoy', both.envoy],
      ['Nginx', both.nginx],
    ] as const) {
      const counts = ['basic-a', 'basic-b', 'basic-c'].map((name) => instances[name] ?? 0)
      const total = counts.reduce((sum, count) => sum + count, 0)
      const least = Math.min(...counts)
      hold(least >= total / 3 / 3, `${way} does not spread: ${JSON.stringify(instances)}`)
    }
    return `${noneFailed(both)}; Envoy ${JSON.stringify(both.envoy.instances)}, Nginx ${JSON.stringify(both.nginx.instances)}`
  },
}

/** Waits until the servers have answered a hundred requests more, which says nothing about how they were spread. */
async function both100({ members }: Parameters<Step['run']>[0]): Promise<void> {
  const total = async () => {
    const stats = await Promise.all(members.map(({ server }) => server.stats()))
    return stats.reduce((sum, { requests }) => sum + requests, 0)
  }
  const before = await total()
  await waitFor(total, { what: 'two hundred answered requests', withinMs: 15_000, until: (now) => now >= before + 200 })
}

export const drain: Step = {
  title: 'a drained instance gets no new request and loses none',
  run: async (landscape) => {
    const instance = await instanceOf(landscape, 'basic-b')
    const path = `/v1/instances/${instance.id}/admission`
    let after = 0
    const both = await underTraffic(landscape, 100, async () => {
      const elapsed = stopwatch()
      await landscape.view.send('PUT', path, { admission: 'draining', reason: 'the story', by: 'demo' })
      await everywhere(landscape, instance, 'out', 15_000)
      const outAt = performance.now()
      const tookMs = elapsed()
      await both100(landscape)
      after = outAt
      return tookMs
    })
    for (const { lastSentAt } of [both.envoy, both.nginx]) {
      hold((lastSentAt['basic-b'] ?? 0) <= after, 'it was still called after it had left')
    }
    await landscape.view.send('PUT', path, { admission: 'active', reason: '', by: 'demo' })
    await everywhere(landscape, instance, 'in', 20_000)
    return `out everywhere after ${spell(both.result)}; ${noneFailed(both)}; back after undrain`
  },
}
