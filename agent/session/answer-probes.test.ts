import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { Lag } from '../checks/lag.ts'
import { ProbeAnswers, type ProbeLimits } from './answer-probes.ts'
import { isOfHost } from './vantage-address.ts'

type Probed = Extract<AgentMessage, { type: 'probed' }>

function vantage(limits: Partial<ProbeLimits> = {}) {
  const said: Probed[] = []
  const stop = new AbortController()
  const send = (message: AgentMessage) => message.type === 'probed' && said.push(message) > 0
  const answers = new ProbeAnswers(send, new Lag(), stop.signal, limits)
  return { answers, said, [Symbol.dispose]: () => stop.abort() }
}

const tcp = (address: string, port = 1): ProbeSpec => ({ kind: 'tcp', address, port, timeoutMs: 300 })

for (const [address, of] of [
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['0.0.0.0', true],
  ['169.254.169.254', true],
  ['::1', true],
  ['[::1]', true],
  ['::', true],
  ['fe80::1%eth0', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:169.254.169.254', true],
  ['localhost', true],
  ['LocalHost.', true],
  ['db.localhost', true],
  ['10.0.0.1', false],
  ['192.168.0.1', false],
  ['fd00::7', false],
  ['::ffff:10.0.0.1', false],
  ['localhost.example', false],
] as const) {
  t.test(`${address} ${of ? 'leads to' : 'does not mean'} this host`, async (t) => {
    t.equal(isOfHost(address), of)
  })
}

t.test('what is not for others is refused, told and counted, and nothing is sent there', async (t) => {
  using at = vantage()
  at.answers.want({ a: tcp('127.0.0.1'), b: tcp('localhost'), c: { ...tcp('10.0.0.1'), kind: 'command' } as never })
  await waitFor(() => at.said.length === 3, { what: 'the answers', withinMs: 10_000 })
  const refused = Object.fromEntries(at.said.map(({ id, refused, health }) => [id, `${refused} ${health}`]))
  t.strictSame(refused, { a: 'address unknown', b: 'address unknown', c: 'kind unknown' })
  t.strictSame(at.answers.refused, { address: 2, kind: 1 })
})

t.test('a name that leads nowhere is for the probe to tell', async (t) => {
  using at = vantage()
  at.answers.want({ a: tcp('nowhere.invalid') })
  const [answer] = await waitFor(() => at.said, {
    what: 'the answer',
    withinMs: 10_000,
    until: ({ length }) => length > 0,
  })
  t.match(answer, { id: 'a', health: 'critical', refused: undefined })
})

t.test('an address of this host that others use is probed', async (t) => {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)
  if (!own) {
    t.pass('this host has none')
    return
  }
  using at = vantage()
  at.answers.want({ a: tcp(own.address, await freePort()) })
  const [answer] = await waitFor(() => at.said, {
    what: 'the answer',
    withinMs: 10_000,
    until: ({ length }) => length > 0,
  })
  t.match(answer, { health: 'critical', reason: { code: 'refused' } })
})

t.test('no more are begun in a time than may be, and all are in the end', async (t) => {
  using at = vantage({ local: () => true, perSecond: 20 })
  const port = await freePort()
  const begun = performance.now()
  at.answers.want(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, tcp('127.0.0.1', port)])))
  await waitFor(() => at.said.length === 100, { what: 'all answers', withinMs: 20_000 })
  t.ok(performance.now() - begun >= 500, 'twenty of them had to wait')
})
