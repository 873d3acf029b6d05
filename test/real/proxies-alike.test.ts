import { createServer as createTcpServer } from 'node:net'
import t from 'tap'
import {
  ambiguousPath,
  instanceFailed,
  instanceTooSlow,
  noInstance,
  noRoute,
  type OwnAnswer,
} from '#control-plane/routing/answers.ts'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import { toStaticBootstrap } from '#control-plane/routing/envoy/static-bootstrap.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { type Answer, ask } from '#test/support/ask.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { pathCases, pathRoutes } from '#test/support/routing/path-cases.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

const [envoyPort = 0, filesPort = 0, nginxPort = 0] = await freePorts(3)
const proxies = ['envoy', 'files', 'nginx'] as const

/** The same table on an Envoy with the resources that the stream brings, on one by files, and on Nginx; a request asked of each. */
async function each(t: { teardown(end: () => Promise<void>): void }, tableAt: (port: number) => RouteTable) {
  const envoy = await startEnvoy({ bootstrap: toStaticBootstrap({ ...tableAt(envoyPort), proxy: 'envoy' }) })
  const files = renderNginx({ ...tableAt(nginxPort), proxy: 'nginx' }, 1).files
  const nginx = await startNginx({ conf: nginxConfiguration(files.map(({ content }) => content).join('\n')) })
  const byFiles = await startEnvoyGateway()
  t.teardown(async () => {
    await byFiles[Symbol.asyncDispose]()
    await nginx[Symbol.asyncDispose]()
    await envoy[Symbol.asyncDispose]()
  })
  await byFiles.serve(renderEnvoyFiles({ ...tableAt(filesPort), proxy: 'envoy' }, 1))
  return async (path: string, method?: string, headers?: Readonly<Record<string, string>>) => ({
    envoy: await ask(envoyPort, path, method, headers),
    files: await ask(filesPort, path, method, headers),
    nginx: await ask(nginxPort, path, method, headers),
  })
}

const portOf = (url: string) => Number(new URL(url).port)

await t.test('the same request goes to the same service with the same path, as the table says', async (t) => {
  const names = pathRoutes.map(({ name }) => name)
  const servers = await Promise.all(
    names.map((name) => answering(t, ({ url }, response) => response.end(`${name} ${url}`))),
  )
  const services = Object.fromEntries(names.map((name, index) => [name, [plainEndpoint(portOf(servers[index] ?? ''))]]))
  const asked = await each(t, (port) => plainTable(port, pathRoutes, services))
  for (const { target, becomes } of pathCases) {
    const { envoy, files, nginx } = await asked(target)
    const wanted = becomes === 'no-route' ? said(noRoute) : becomes === 'refused' ? said(ambiguousPath) : becomes
    const seen = ({ status, type, body }: Answer) => (status === 200 ? plain(body) : { status, type, body })
    t.strictSame(seen(envoy), wanted, `Envoy: ${target}`)
    t.strictSame(seen(files), wanted, `Envoy by files: ${target}`)
    t.strictSame(seen(nginx), wanted, `Nginx: ${target}`)
  }
})

/** Letters and digits mean the same whether they are escaped or not. */
function plain(path: string): string {
  return path.replace(/%([46][1-9a-f]|[57][0-9a]|3[0-9])/gi, (escaped) => decodeURIComponent(escaped))
}

function said({ status, contentType: type, body }: OwnAnswer): Answer {
  return { status, type, body }
}

await t.test('where nobody answers, all say so in the same words', async (t) => {
  const hanging = await answering(t, () => {})
  const resetting = createTcpServer((socket) => socket.on('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => resetting.listen(0, '127.0.0.1', resolve))
  t.teardown(() => resetting.close())
  const address = resetting.address()
  const resettingPort = typeof address === 'object' ? (address?.port ?? 0) : 0
  const routes = [
    plainRoute('/none', 'none'),
    plainRoute('/dead', 'dead'),
    plainRoute('/hanging', 'hanging', { timeoutMs: 300 }),
    plainRoute('/resetting', 'resetting'),
  ]
  const services = {
    none: [],
    dead: [plainEndpoint(await freePort())],
    hanging: [plainEndpoint(portOf(hanging))],
    resetting: [plainEndpoint(resettingPort)],
  }
  const asked = await each(t, (port) => plainTable(port, routes, services))
  for (const [path, answer] of [
    ['/none', noInstance],
    ['/dead', instanceFailed],
    ['/hanging', instanceTooSlow],
    ['/resetting', instanceFailed],
    ['/else', noRoute],
  ] as const) {
    for (const method of ['GET', 'POST']) {
      const same = said(answer)
      t.strictSame(await asked(path, method), { envoy: same, files: same, nginx: same }, `${method} ${path}`)
    }
  }
})

await t.test(
  'a request that was refused is repeated elsewhere; one that may have been begun, only if its method allows it',
  async (t) => {
    let resets = 0
    const resetting = createTcpServer((socket) => {
      socket.on('data', () => {
        resets += 1
        socket.resetAndDestroy()
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => resetting.listen(0, '127.0.0.1', resolve))
    t.teardown(() => resetting.close())
    const address = resetting.address()
    const resettingPort = typeof address === 'object' ? (address?.port ?? 0) : 0
    const good = portOf(await answering(t, (_, response) => response.end('good')))
    const services = {
      refused: { endpoints: [plainEndpoint(good), plainEndpoint(await freePort())], ejection: undefined },
      reset: { endpoints: [plainEndpoint(good), plainEndpoint(resettingPort)], ejection: undefined },
      once: { endpoints: [plainEndpoint(await freePort()), plainEndpoint(await freePort())], ejection: undefined },
    }
    const routes = [
      plainRoute('/refused', 'refused'),
      plainRoute('/reset', 'reset'),
      plainRoute('/once', 'once', { retries: 0 }),
    ]
    const asked = await each(t, (port) => plainTable(port, routes, services))
    const statuses = async (path: string, method: string) => {
      const seen = { envoy: new Set<number>(), files: new Set<number>(), nginx: new Set<number>() }
      for (let index = 0; index < 8; index += 1) {
        const answers = await asked(path, method)
        for (const proxy of proxies) seen[proxy].add(answers[proxy].status)
      }
      return { envoy: [...seen.envoy].sort(), files: [...seen.files].sort(), nginx: [...seen.nginx].sort() }
    }
    const all = (...codes: readonly number[]) => ({ envoy: codes, files: codes, nginx: codes })
    for (const method of ['GET', 'POST', 'PUT']) {
      t.strictSame(await statuses('/refused', method), all(200), `${method} refused`)
    }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      t.strictSame(await statuses('/reset', method), all(200), `${method} reset`)
    }
    t.ok(resets > 0)
    for (const method of ['POST', 'PATCH']) {
      t.strictSame(await statuses('/reset', method), all(200, 503), `${method} reset`)
    }
    t.strictSame(await statuses('/once', 'GET'), all(503), 'no retries')
  },
)

await t.test('an instance sees the same headers, and a request keeps its id from end to end', async (t) => {
  const echo = await answering(t, ({ headers }, response) => response.end(JSON.stringify(headers)))
  const asked = await each(t, (port) =>
    plainTable(port, [plainRoute('/', 'echo')], { echo: [plainEndpoint(portOf(echo))] }),
  )
  const given = await asked('/', 'GET', { host: 'platform.example', 'x-request-id': 'given-1' })
  for (const proxy of proxies) {
    const headers = JSON.parse(given[proxy].body)
    const port = { envoy: envoyPort, files: filesPort, nginx: nginxPort }[proxy]
    t.match(
      headers,
      {
        host: 'platform.example',
        'x-request-id': 'given-1',
        'x-forwarded-host': 'platform.example',
        'x-forwarded-port': String(port),
        'x-forwarded-proto': 'http',
        'x-real-ip': '127.0.0.1',
        // Envoy names itself where the client is on its own machine.
        'x-forwarded-for': proxy === 'nginx' ? '127.0.0.1' : String,
      },
      proxy,
    )
  }
  const made = await asked('/')
  for (const { body } of [made.envoy, made.files, made.nginx])
    t.match(JSON.parse(body)['x-request-id'], /^[0-9a-f-]{32,36}$/)
})
