import { createServer, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { listen } from '#shared/http/listen.ts'
import { askAgent } from './ask-agent.ts'

const health = JSON.stringify({ node: 'n-1', instances: [{ id: 'crm-1', service: 'crm', address: '[::1]:8080' }] })

async function asked(t: Test, answer: RequestListener, withinMs = 5_000) {
  const listening = await listen(createServer(answer), { address: '127.0.0.1', port: 0 }, 'admin.port')
  t.teardown(() => listening[Symbol.asyncDispose]())
  return askAgent({ address: '127.0.0.1', port: listening.port }, withinMs, new AbortController().signal)
}

t.test('another agent says what it looks after', async (t) => {
  const rival = await asked(t, (_, response) => response.end(health))
  t.strictSame(rival, { node: 'n-1', claims: [{ id: 'crm-1', service: 'crm', address: '[::1]', port: 8080 }] })
})

for (const { what, answer } of [
  { what: 'something else', answer: (_, response) => response.end('<html>') },
  // Without a length before it, and as JSON would have it.
  {
    what: 'far too much',
    answer: (_, response) => response.write(' '.repeat(2 * 1024 * 1024), () => response.end(health)),
  },
  {
    what: 'the half of it',
    answer: (_, response) => response.write(health.slice(0, 20), () => response.destroy()),
  },
  { what: 'nothing', answer: () => {} },
] satisfies { what: string; answer: RequestListener }[]) {
  t.test(`who says ${what} is none`, async (t) => {
    t.equal(await asked(t, answer, 1_000), undefined)
  })
}
