import type { Express } from 'express'
import t from 'tap'
import { startClusterPlane } from '#test/support/cluster-plane.ts'
import { joined, serveApi } from '#test/support/serve-v1.ts'
import { askedOf, OperationTable } from './find-operation.ts'
import { matrix } from './matrix.ts'

const table = new OperationTable(matrix)

type Layer = {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
  readonly handle?: { readonly stack?: readonly Layer[] }
}

/** Each method and path that a router answers, with those of the routers in it. */
function routesOf(layers: readonly Layer[]): readonly (readonly [string, string])[] {
  return layers.flatMap(({ route, handle }) => {
    const own = route ? Object.keys(route.methods).map((method) => [method.toUpperCase(), route.path] as const) : []
    return [...own, ...routesOf(handle?.stack ?? [])]
  })
}

/** With something in place of each parameter. */
const urlOf = (path: string) => path.replace(/:\w+/g, 'x1')
const shape = (path: string | undefined) => path?.replace(/:\w+/g, ':')

t.test('every route under /v1 has a row, and every row a route', async (t) => {
  const { app } = await serveApi(t, joined)
  const routes = routesOf((app as Express & { router: { stack: readonly Layer[] } }).router.stack)
  t.ok(routes.length > 50)
  for (const [method, path] of routes) {
    t.equal(
      shape(table.find(askedOf({ method, url: urlOf(`/v1${path}`) }))?.path),
      shape(`/v1${path}`),
      `${method} ${path}`,
    )
  }
  const served = new Set(routes.map(([method, path]) => `${method} ${shape(`/v1${path}`)}`))
  const rows = matrix.filter(({ path }) => path.startsWith('/v1/'))
  t.strictSame(
    rows.map(({ method, path }) => `${method} ${shape(path)}`).filter((line) => !served.has(line)),
    [],
  )
})

t.test('every route of the registry has a row, and every row a route', async (t) => {
  await using plane = await startClusterPlane()
  const served = new Set<string>()
  for (const { methods, path } of plane.routes) {
    for (const method of methods) {
      served.add(`${method} ${shape(path)}`)
      for (const prefix of ['', ...(path.startsWith('/cluster') ? ['/v1'] : [])]) {
        const found = table.find(askedOf({ method, url: prefix + urlOf(path) }))
        t.equal(shape(found?.path), shape(path), `${method} ${prefix}${path}`)
      }
    }
  }
  const rows = matrix.filter(
    ({ path }) => !path.startsWith('/v1/') && path !== '/metrics' && !path.startsWith('/sign-'),
  )
  t.strictSame(
    rows.map(({ method, path }) => `${method} ${shape(path)}`).filter((line) => !served.has(line)),
    [],
  )
})
