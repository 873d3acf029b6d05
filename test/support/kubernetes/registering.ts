import { appendFile, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'

// A client of a Service: node registering.ts <file with a token> <file with the addresses that are ready, a line each> <file for what came of it>
// It registers an instance after another, each at the next address as a Service would send it there, each once. It writes what was acknowledged
// and what was not, a line each, until it is told to end.

const [, , tokenFile = '', addressesFile = '', log = ''] = process.argv
const token = (await readFile(tokenFile, 'utf8')).trim()
let going = true
process.once('SIGTERM', () => {
  going = false
})
for (let count = 0; going; count += 1) {
  const addresses = (await readFile(addressesFile, 'utf8')).split('\n').filter(Boolean)
  const address = addresses[count % addresses.length] ?? ''
  const outcome = await register(address, count).catch((error: unknown) => String(error))
  await appendFile(log, `${JSON.stringify({ count, address, outcome })}\n`)
  await pause(50)
}

function register(address: string, count: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = request(`https://${address}:8888/cluster/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    rejectUnauthorized: false,
    agent: false,
    timeout: 10_000,
  })
  asked.on('response', (response) => {
    response.resume()
    response.on('end', () => resolve(response.statusCode ?? 0))
  })
  asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')))
  asked.on('error', reject)
  asked.end(
    JSON.stringify({
      ...{ service_name: 'resume', service_type: 'resume', instance_id: `resume-${count}`, node_id: 'n' },
      ...{ address: '10.9.0.1', port: 10_000 + count },
    }),
  )
  return promise
}
