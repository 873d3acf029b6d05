import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { startEnvoy } from '#test/support/envoy.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Access } from './access.ts'
import { type Gateways, isPoliced } from './heddle.ts'

/** The service itself: an Nginx that answers 1 KB at once. */
export async function startService(port: number): Promise<AsyncDisposable> {
  const conf = nginxConfiguration(`
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    location / { return 200 '{"text":"${'x'.repeat(1_000)}"}'; }
  }`)
  return startNginx({ conf: conf.replace('worker_connections 1024', 'worker_connections 4096') })
}

/** Both proxies with the same policies as Heddle's, written by hand. */
export async function startHandWritten(folder: string, service: number, access: Access): Promise<Gateways> {
  await using stack = new AsyncDisposableStack()
  const [envoyPort = 0, nginxPort = 0] = await freePorts(2)
  const text = async (name: string, listener: number) => {
    const written = await readFile(join(projectFolder, 'bench/gateway/hand-written', name), 'utf8')
    return written
      .replaceAll(/\bLISTENER\b(?!,)/g, String(listener))
      .replaceAll(/\bSERVICE\b(?!,| and)/g, String(service))
      .replaceAll(/\bLOG\b(?! are)/g, join(folder, `hand-written-${name}.log`))
      .replaceAll(/\bAUTHORIZER\b(?!,)/g, String(access.authorizerPort))
      .replaceAll(/\bKEYS\b(?!,)/g, access.keySet)
  }
  stack.use(await startEnvoy({ bootstrap: parse(await text('envoy.yaml', envoyPort)) }))
  stack.use(await startNginx({ conf: await text('nginx.conf', nginxPort) }))
  for (const port of [envoyPort, nginxPort]) {
    await waitFor(() => isPoliced(port, access), { what: 'what was written by hand', withinMs: 30_000, everyMs: 100 })
  }
  const open = stack.move()
  return { envoy: envoyPort, nginx: nginxPort, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
