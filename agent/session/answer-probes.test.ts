import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { Lag } from '../checks/lag.ts'
import { ProbeAnswers, type ProbeLimits } from './answer-probes.ts'

type Probed = Extract<AgentMessage, { type: 'probed' }>

function vantage(limits: Partial<ProbeLimits> = {}) {
  const said: Probed[] = []
  const stop = new AbortController()
  const send = (message: AgentMessage) => message.type === 'probed' && said.push(message) > 0
  const answers = new ProbeAnswers(send, new Lag(), stop.signal, limits)
  return { answers, said, [Symbol.dispose]: () => stop.abort() }
}

const tcp = (address: string, port = 1): ProbeSpec => ({ kind: 'tcp', address, port, timeoutMs: 300 })

for (const address of [
  ...['169.254.169.254', '169.254.0.1', '::ffff:169.254.169.254', 'fe80::1', 'fe80::1%lo', '0.0.0.0', '224.0.0.1'],
  ...['100.100.100.200', '64:ff9b::a9fe:a9fe'],
]) {
  t.test(`${address} is probed for nobody, whatever this host allows`, async (t) => {
    using at = vantage({ local: () => true })
    at.answers.want({ a: tcp(address) })
    await waitFor(() => at.said.length === 1, { what: 'the answer', withinMs: 20_000 })
    t.match(at.said, [{ refused: 'address', health: 'unknown' }])
  })
}

t.test('ports by which this host is steered are probed for nobody', async (t) => {
  const port = await freePort()
  using at = vantage({ local: () => true, controlPorts: () => new Set([port]) })
  const own = Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each?.family === 'IPv4' ? [each.address] : []))
  const addresses = ['127.0.0.1', 'localhost', '::1', '::ffff:127.0.0.1', ...own]
  at.answers.want(Object.fromEntries(addresses.map((address, n) => [`p${n}`, tcp(address, port)])))
  await waitFor(() => at.said.length === addresses.length, { what: 'the answers', withinMs: 20_000 })
  t.ok(at.said.every(({ refused }) => refused === 'address'))
  at.answers.want({ other: tcp('127.0.0.1', await freePort()) })
  await waitFor(() => at.said.length > addresses.length, { what: 'the other port', withinMs: 20_000 })
  t.match(at.said.at(-1), { refused: undefined, health: 'critical' })
})

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
