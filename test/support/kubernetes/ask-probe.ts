import { get as getPlain } from 'node:http'
import { get } from 'node:https'

// Asks as a kubelet does: node ask-probe.ts <url>. It looks at no certificate, and ends with 0 where the answer is good.

const [, , url = ''] = process.argv
const options = { rejectUnauthorized: false, timeout: 3_000 }
const asked = url.startsWith('https:') ? get(url, options) : getPlain(url, options)
asked.on('response', (response) => {
  const { statusCode = 0 } = response
  process.exit(statusCode >= 200 && statusCode < 400 ? 0 : 1)
})
asked.on('timeout', () => process.exit(1))
asked.on('error', () => process.exit(1))
