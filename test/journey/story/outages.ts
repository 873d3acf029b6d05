import { setTimeout as pause } from 'node:timers/promises'
import { member } from '#test/support/landscape/landscape.ts'
import { waitFor } from '#test/support/wait.ts'
import { foreignRecords, registerForeign, wipeOurs } from './catalogue.ts'
import { everywhere, inConsul, inEnvoy, inSink, instanceOf } from './look.ts'
import { hold, type Step, spell, stopwatch } from './step.ts'
import { noneFailed, underTraffic } from './traffic.ts'

const outageMs = 20_000

export const consulOutage: Step = {
  title: 'while one Consul is down for 20 s the other is unaffected, and afterwards it catches up',
  run: async (landscape) => {
    const { zervigo, looma } = landscape
    const instance = await instanceOf(landscape, 'basic-b')
    await looma.stop()
    const downAt = stopwatch()
    await member(landscape, 'basic-b').server.kill()
    const seen = stopwatch()
    await waitFor(() => inConsul(zervigo, instance), {
      what: 'the crash in zervigo-dc',
      withinMs: 10_000,
      until: (status) => status === 'critical',
    })
    const otherMs = seen()
    await pause(Math.max(0, outageMs - downAt()))
    await looma.start()
    const up = stopwatch()
    await waitFor(() => inConsul(looma, instance), {
      what: 'the crash in looma-dc',
      withinMs: 30_000,
      until: (status) => status === 'critical',
    })
    const caughtUpMs = up()
    await member(landscape, 'basic-b').server.start()
    await everywhere(landscape, instance, 'in', 30_000)
    return `the other heard of a crash meanwhile after ${spell(otherMs)}; caught up ${spell(caughtUpMs)} after its return`
  },
}

export const wiped: Step = {
  title: 'entries of ours that somebody wipes are back within one cycle, and foreign ones are untouched',
  run: async (landscape) => {
    const { zervigo, view } = landscape
    await registerForeign(zervigo)
    const before = await foreignRecords(zervigo)
    const count = await wipeOurs(zervigo)
    const elapsed = stopwatch()
    const instances = await view.instances()
    await waitFor(() => Promise.all(instances.map((each) => inConsul(zervigo, each))), {
      what: 'all of them back',
      withinMs: 60_000,
      until: (seen) => seen.every((status) => status === 'passing'),
    })
    const tookMs = elapsed()
    hold((await foreignRecords(zervigo)) === before, 'a foreign record was changed')
    return `${count} nodes wiped, all back after ${spell(tookMs)}; foreign records byte-identical`
  },
}

export const agentKilled: Step = {
  title: 'when an agent is killed its instance stays routable, and the lost contact is shown',
  run: async (landscape) => {
    const instance = await instanceOf(landscape, 'basic-c')
    const { agent } = member(landscape, 'basic-c')
    const both = await underTraffic(landscape, 50, async () => {
      const elapsed = stopwatch()
      await agent.kill()
      const suspect = await waitFor(() => instanceOf(landscape, 'basic-c'), {
        what: 'the contact to be in doubt',
        withinMs: 15_000,
        until: ({ contact }) => contact !== 'connected',
      })
      const doubtedMs = elapsed()
      const lost = await waitFor(() => instanceOf(landscape, 'basic-c'), {
        what: 'the contact to be lost',
        withinMs: 90_000,
        until: ({ contact }) => contact === 'lost',
      })
      hold(suspect.routable === 'yes' && lost.routable === 'yes', 'it is no longer routable')
      hold(await inEnvoy(landscape.envoy, instance), 'it is out of Envoy')
      hold((await inConsul(landscape.zervigo, instance)) === 'passing', 'it is not passing in Consul')
      return `in doubt after ${spell(doubtedMs)}, lost after ${spell(elapsed())}`
    })
    hold((both.envoy.instances['basic-c'] ?? 0) > 0, 'it was given no request')
    await agent.start()
    await waitFor(() => instanceOf(landscape, 'basic-c'), {
      what: 'contact again',
      withinMs: 20_000,
      until: ({ contact }) => contact === 'connected',
    })
    return `${both.result}; routable all the time; ${noneFailed(both)}`
  },
}

export const planeKilled: Step = {
  title:
    'while the plane is killed for 20 s traffic goes on and nothing is deregistered; what changed meanwhile arrives afterwards',
  run: async (landscape) => {
    const { plane, view, zervigo, looma } = landscape
    const instance = await instanceOf(landscape, 'basic-a')
    const others = (await view.instances()).filter(({ id }) => id !== instance.id)
    const both = await underTraffic(landscape, 50, async () => {
      await plane.kill()
      const downAt = stopwatch()
      await member(landscape, 'basic-a').server.kill()
      await pause(outageMs - downAt())
      for (const each of others) {
        hold((await inConsul(zervigo, each)) === 'passing', `${each.id} is not passing in zervigo-dc`)
        hold((await inConsul(looma, each)) === 'passing', `${each.id} is not passing in looma-dc`)
      }
      await plane.start()
      const up = stopwatch()
      await everywhere(landscape, instance, 'out', 30_000)
      return up()
    })
    const after = await view.instances()
    hold(after.length === others.length + 1, `${after.length} instances are left of ${others.length + 1}`)
    for (const each of others) {
      hold((await inSink(landscape, 'envoy:edge', each.id)) !== 'different', `${each.id} is not in Envoy as it was`)
    }
    await member(landscape, 'basic-a').server.start()
    await everywhere(landscape, instance, 'in', 30_000)
    return `the crash meanwhile reached every sink ${spell(both.result)} after its return; ${noneFailed(both)}`
  },
}
