import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { HelperConfig } from './config.ts'
import { openDoors } from './serve.ts'
import { verbs } from './verbs.ts'

t.test('whoever was answered and does not close keeps nobody out, and does not keep the helper up', async (t) => {
  await using folder = await temporaryFolder('doors')
  const path = join(folder.path, 'helper.sock')
  const stop = new AbortController().signal
  const parts = { verbs, readList: async () => HelperConfig.parse({}), stop, log: quiet, sayWithinMs: 200 }
  const { server, idleMs } = openDoors(parts)
  server.listen(path)
  await once(server, 'listening')
  const ask = () => {
    const socket = createConnection({ path, allowHalfOpen: true })
    socket.write('{"verb":"measure","pids":[1]}\n')
    return socket
  }
  const answered = (socket: Socket) => once(socket, 'data').then(([chunk]) => String(chunk))
  const staying = Array.from({ length: 8 }, ask)
  t.teardown(() => {
    for (const each of staying) each.destroy()
    server.close()
  })
  for (const answer of await Promise.all(staying.map(answered))) t.match(answer, /"refused"/)
  await waitFor(() => idleMs() > 0, { what: 'nobody to be there', withinMs: 5_000 })
  const next = ask()
  t.match(await answered(next), /"refused"/)
  next.destroy()
})
