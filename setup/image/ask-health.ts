import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { get as getPlain } from 'node:http'
import { get } from 'node:https'

// The health check of the images, which have neither shell nor curl: node ask-health.mjs [<url> [<ca.pem>]]
// Ends with 0 where it is answered with 200 within 3 s, with 1 otherwise. Without arguments it asks the plane on 8888: over TLS once the
// plane has written by whom it is known.

const [, , url, ca = '/var/lib/heddle-plane/heddle-ca.pem'] = process.argv
const trust = existsSync(ca) ? await readFile(ca) : undefined
const address = new URL(url ?? `${trust ? 'https' : 'http'}://localhost:8888/health`)
const signal = AbortSignal.timeout(3_000)
const status = await new Promise<number | string>((resolve) => {
  const request =
    address.protocol === 'https:'
      ? get(address, { signal, ...(trust ? { ca: trust } : {}) })
      : getPlain(address, { signal })
  request.once('response', (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  request.once('error', ({ message }) => resolve(message))
})
process.stdout.write(`${address.href}: ${status}\n`)
process.exit(status === 200 ? 0 : 1)
