import type { ConsulServer } from '../consul.ts'
import { type BasicServer, startBasicServer } from '../start-basic-server.ts'
import { foreignService } from './plan.ts'

/** Starts a server that nobody of ours knows, and registers it with a Consul's own agent, as its owners would: that checks it by HTTP. */
export async function startForeignServer(consul: ConsulServer, port: number): Promise<BasicServer> {
  const { name, id } = foreignService
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await startBasicServer({ name, instance: id, port }))
  await consul.request('PUT', '/v1/agent/service/register', {
    Name: name,
    ID: id,
    Address: '127.0.0.1',
    Port: port,
    Tags: ['legacy', 'java'],
    Meta: { team: 'reports' },
    Check: { Name: 'their own check', HTTP: `${server.url}/health`, Interval: '1s', Timeout: '1s', Status: 'passing' },
  })
  stack.move()
  return server
}
