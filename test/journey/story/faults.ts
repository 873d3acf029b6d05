import { member } from '#test/support/landscape/landscape.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'
import { checkLateness } from './agents.ts'
import { everywhere, instanceOf } from './look.ts'
import { hold, type Step, spell } from './step.ts'
import { noneFailed, underTraffic } from './traffic.ts'

export const crash: Step = {
  title: 'an instance killed with -9 leaves every proxy and is critical in both Consuls, without a failed request',
  run: async (landscape) => {
    const instance = await instanceOf(landscape, 'basic-a')
    const both = await underTraffic(landscape, 100, async () => {
      const gone = everywhere(landscape, instance, 'out', 15_000)
      await member(landscape, 'basic-a').server.kill()
      return gone
    })
    const { envoy, fileEnvoy, nginx, zervigo, looma } = both.result
    const byFiles = fileEnvoy === undefined ? '' : `, Envoy by files ${spell(fileEnvoy)}`
    return `Envoy ${spell(envoy)}${byFiles}, Nginx ${spell(nginx)}, zervigo-dc ${spell(zervigo)}, looma-dc ${spell(looma)}; ${noneFailed(both)}`
  },
}

export const restart: Step = {
  title: 'restarted, it is the same instance, and it is back',
  run: async (landscape) => {
    const before = await instanceOf(landscape, 'basic-a')
    await member(landscape, 'basic-a').server.start()
    const { envoy, nginx, zervigo, looma } = await everywhere(landscape, before, 'in', 30_000)
    const after = await instanceOf(landscape, 'basic-a')
    hold(after.id === before.id, `it came back as ${after.id}, and was ${before.id}`)
    const times = `Envoy ${spell(envoy)}, Nginx ${spell(nginx)}, Consuls ${spell(Math.max(zervigo, looma))}`
    return `${after.id} again: ${times}`
  },
}

/** Check interval, timeout and the second that a verdict may take besides; the rest is the way to the sinks. */
const hangBoundMs = 5_000 + 2_000 + 1_000 + 500

export const hang: Step = {
  title: 'an instance that hangs is out within the bound, and its neighbours are checked on time',
  run: async (landscape) => {
    const instance = await instanceOf(landscape, 'basic-c')
    const { server } = member(landscape, 'basic-c')
    server.signal('SIGSTOP')
    const { envoy, nginx, zervigo, looma } = await everywhere(landscape, instance, 'out', 20_000)
    const slowest = Math.max(envoy, nginx, zervigo, looma)
    hold(slowest <= hangBoundMs, `it took ${spell(slowest)} of ${spell(hangBoundMs)}`)
    const late = await checkLateness(landscape.members.filter(({ plan }) => plan.name !== 'basic-c'))
    hold(late < 50, `a neighbour's check was ${spell(late)} late`)
    server.signal('SIGCONT')
    await everywhere(landscape, instance, 'in', 30_000)
    return `out of all sinks after ${spell(slowest)} (bound ${spell(hangBoundMs)}); neighbours at most ${spell(late)} late`
  },
}

export const impostor: Step = {
  title: 'another server that answers on its port is critical, both are named, and it is not routed',
  run: async (landscape) => {
    const instance = await instanceOf(landscape, 'basic-a')
    const { server, plan } = member(landscape, 'basic-a')
    const both = await underTraffic(landscape, 100, async () => {
      await server.kill()
      await everywhere(landscape, instance, 'out', 15_000)
      await using _other = await startBasicServer({ name: 'billing', instance: 'impostor', port: plan.port })
      const seen = await waitFor(() => instanceOf(landscape, 'basic-a'), {
        what: 'the mismatch',
        withinMs: 15_000,
        until: ({ reason }) => reason.code === 'identity_mismatch',
      })
      hold(seen.routable === 'no', 'it is routed')
      return seen.reason.params
    })
    for (const { instances } of [both.envoy, both.nginx]) {
      hold(instances.impostor === undefined, 'the other server was given requests')
    }
    await server.start()
    await everywhere(landscape, instance, 'in', 30_000)
    const { expected, answered } = both.result ?? {}
    hold(expected === 'basic-server' && answered === 'billing', `named ${expected} and ${answered}`)
    return `critical: expected ${expected}, answered ${answered}; ${noneFailed(both)}`
  },
}
