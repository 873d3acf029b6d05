import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Landscape } from '#test/support/landscape/landscape.ts'
import { waitFor } from '#test/support/wait.ts'
import { hold, type Step, spell, stopwatch } from './step.ts'

export const proxiesAlone: Step = {
  title:
    'while the plane is away an Envoy by files and Nginx are ended and started again, and serve what they had; when it is back nothing changes',
  run: async (landscape) => {
    const { plane, gatewayAgent, nginxUrl, fileEnvoyUrl = '' } = landscape
    hold(fileEnvoyUrl !== '', 'there is no Envoy by files')
    await allProven(landscape)
    const before = await filesOf(landscape)
    await plane.stop()
    const down = stopwatch()
    // An agent that stops in order ends the proxies that it runs.
    await gatewayAgent.stop()
    for (const url of [nginxUrl, fileEnvoyUrl]) hold(!(await serves(url)), `${url} still serves`)
    await gatewayAgent.start()
    const again = stopwatch()
    const time = async (url: string) => {
      await waitFor(() => serves(url), { what: `an answer of ${url} without the plane`, withinMs: 20_000 })
      return spell(again())
    }
    const [nginx, envoy] = await Promise.all([time(nginxUrl), time(fileEnvoyUrl)])
    hold((await filesOf(landscape)) === before, 'files were written anew')
    await plane.start()
    const awayMs = down()
    await allProven(landscape)
    hold((await filesOf(landscape)) === before, 'the plane came back, and files were written anew')
    const { sinks } = await landscape.view.status()
    const reloads = sinks.find(({ name }) => name === 'nginx:edge-nginx')?.figures.reloads
    hold(reloads === 0, `the plane came back, and Nginx was reloaded: ${reloads}`)
    return `the plane was away ${spell(awayMs)}; Nginx served again ${nginx} and Envoy ${envoy} after their agent had started`
  },
}

/** Resolves when both gateways of the agent have proven everything, as the plane itself sees it. */
async function allProven({ view }: Landscape): Promise<void> {
  await waitFor(() => view.status(), {
    what: 'both gateways to be proven',
    withinMs: 60_000,
    everyMs: 100,
    until: ({ sinks, revision, instances }) =>
      ['nginx:edge-nginx', 'envoy:edge-files'].every((wanted) => {
        const sink = sinks.find(({ name }) => name === wanted)
        return sink?.state === 'following' && sink.proven?.revision === revision
      }) && instances.routable === instances.total,
  })
}

async function serves(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/services/hello`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(2_000),
    })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

/** The files of both gateways with the times of their writing, as one text. */
async function filesOf({ plan }: Landscape): Promise<string> {
  const state = join(plan.folder, 'agents/gateway-1/gateway')
  const folders = [join(state, 'edge-nginx/nginx/conf'), join(state, 'edge-files/envoy')]
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = (await readdir(folder)).sort()
      return Promise.all(
        names.map(async (name) => {
          const [content, { mtimeMs }] = await Promise.all([
            readFile(join(folder, name), 'utf8'),
            stat(join(folder, name)),
          ])
          return [name, mtimeMs, content]
        }),
      )
    }),
  )
  return JSON.stringify(files)
}
