import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, serveCommands } from '../worker/commands.ts'

// Many instances in one process, each on a port of its own:
//   node servers.ts <how many>

export type ServersCommand = { readonly do: 'end'; readonly port: number }
export type Listening = { readonly ports: readonly number[] }

const servers = new Map<number, Server>()
for (let count = Number(process.argv[2] ?? '0'); count > 0; count -= 1) {
  const server = createServer((_, response) => response.end('here'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.set((server.address() as AddressInfo).port, server)
}
answer({ ports: [...servers.keys()] } satisfies Listening)
await serveCommands(({ port }: ServersCommand) => {
  end(servers.get(port))
  return {}
})
for (const server of servers.values()) end(server)

function end(server: Server | undefined): void {
  server?.close()
  server?.closeIdleConnections()
}
