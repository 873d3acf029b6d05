import { toStaticBootstrap } from '#control-plane/routing/envoy/static-bootstrap.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { startEnvoy } from '../envoy.ts'
import { nginxConfiguration, startNginx } from '../nginx.ts'
import { freePorts } from '../ports.ts'

/** An Envoy and an Nginx with the same table, each with one listener of its own. */
export async function startPair(
  tableAt: (port: number) => RouteTable,
): Promise<AsyncDisposable & { readonly envoy: number; readonly nginx: number }> {
  await using stack = new AsyncDisposableStack()
  const [envoy = 0, nginx = 0] = await freePorts(2)
  stack.use(await startEnvoy({ bootstrap: toStaticBootstrap({ ...tableAt(envoy), proxy: 'envoy' }) }))
  const { files } = renderNginx({ ...tableAt(nginx), proxy: 'nginx' }, 1)
  stack.use(await startNginx({ conf: nginxConfiguration(files.map(({ content }) => content).join('\n')) }))
  const open = stack.move()
  return { envoy, nginx, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
