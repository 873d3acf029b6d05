import { Agent, request } from 'node:http'

/** Counts of answers by status. */
export type Counts = Readonly<Record<number, number>>

/** Sends `count` requests over `connections` kept connections, as fast as they are answered. */
export async function sendMany(port: number, path: string, count: number, connections: number): Promise<Counts> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const counts: Record<number, number> = {}
  let left = count
  const lane = async () => {
    while (left > 0) {
      left -= 1
      const status = await ask(agent, port, path)
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  agent.destroy()
  return counts
}

/** Sends a request every `everyMs` for `forMs`, whatever becomes of those before. */
export async function sendSteadily(port: number, path: string, everyMs: number, forMs: number): Promise<Counts> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const answers: Promise<number>[] = []
  await new Promise<void>((resolve) => {
    const begun = performance.now()
    const timer = setInterval(() => {
      const elapsed = Math.min(performance.now() - begun, forMs)
      // A timer that was late sends what it owes.
      while (answers.length * everyMs < elapsed) answers.push(ask(agent, port, path))
      if (elapsed < forMs) return
      clearInterval(timer)
      resolve()
    }, 5)
  })
  const counts: Record<number, number> = {}
  for (const status of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1
  agent.destroy()
  return counts
}

function ask(agent: Agent, port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, path, timeout: 20_000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${path}`)))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
