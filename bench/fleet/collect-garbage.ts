import { WebSocket } from 'ws'

const withinMs = 60_000

/**
 * Has a Node that was started with --inspect collect its garbage, so that what it holds can be told from what it has not given back yet.
 * @param port of its inspector
 */
export async function collectGarbage(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [target] = (await response.json()) as readonly { readonly webSocketDebuggerUrl: string }[]
  if (!target) throw new Error('there is nothing to inspect')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  try {
    const { promise: done, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error('the garbage was not collected in time')), withinMs)
    socket.on('error', reject)
    socket.on('open', () => {
      // Twice: the first run only finds out what the second one frees.
      for (const id of [1, 2]) socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    })
    socket.on('message', (data) => {
      if ((JSON.parse(String(data)) as { readonly id?: number }).id === 2) resolve()
    })
    await done
    clearTimeout(timer)
  } finally {
    socket.close()
  }
}
