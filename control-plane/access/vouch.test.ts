import t from 'tap'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { encoded } from '#test/support/authorizer/issuer.ts'
import type { ZerviAnswer, ZerviQuestion } from '../zervi/client.ts'
import { refusedForMs, Voucher } from './vouch.ts'

const config = {
  verify_path: '/verify',
  cache: 60_000,
  permissions_claim: 'permissions',
  permissions: { 'service:register': ['registry:write'] as const, admin: ['tokens:write'] as const },
}

function scene(answers: (question: ZerviQuestion) => object | string) {
  const clock = { now: Date.parse('2026-11-22T12:00:00.000Z') }
  const asked: ZerviQuestion[] = []
  const zervi = {
    ask: async (question: ZerviQuestion): Promise<ZerviAnswer> => {
      asked.push(question)
      const answer = answers(question)
      if (typeof answer === 'string') return { kind: 'failed', why: answer }
      const { status = 200, ...body } = answer as { status?: number }
      return { kind: 'answered', status, body: Buffer.from(JSON.stringify(body)), truncated: false }
    },
  }
  const parts = {
    zervi,
    config: { ...config, permissions: { ...config.permissions } },
    log: quiet,
    now: () => clock.now,
  }
  return { clock, asked, voucher: new Voucher(parts as unknown as ConstructorParameters<typeof Voucher>[0]) }
}

const good = { valid: true, data: { user_id: 42, permissions: ['service:register', 'admin'] } }

t.test('who has a token that counts there may do what that means here, and never what makes an admin', async (t) => {
  const { voucher, asked } = scene(() => good)
  t.match(await voucher.verify('abc'), {
    kind: 'caller',
    caller: { kind: 'vouched', name: 'zervi:42', permissions: ['registry:write'] },
  })
  t.match(asked, [{ method: 'POST', path: '/verify', token: 'abc', json: { token: 'abc' } }])
})

t.test('each token is asked about once at a time, and a yes counts for a minute', async (t) => {
  const { voucher, asked, clock } = scene(() => good)
  await Promise.all([1, 2, 3].map(() => voucher.verify('abc')))
  await voucher.verify('abc')
  t.equal(asked.length, 1)
  const { id = '' } = voucher.remembered('abc') ?? {}
  t.ok(voucher.counts(id))
  clock.now += 60_000
  t.notOk(voucher.counts(id))
  t.equal(voucher.remembered('abc'), undefined)
  await voucher.verify('abc')
  t.equal(asked.length, 2)
})

t.test('a yes counts no longer than the token, by its own word or by that of the service', async (t) => {
  const { voucher, clock } = scene(() => ({ ...good, exp: clock.now / 1000 + 10 }))
  await voucher.verify('abc')
  clock.now += 10_000
  t.equal(voucher.remembered('abc'), undefined)
  const jwt = (exp: number) => `${encoded({ alg: 'none' })}.${encoded({ exp })}.x`
  const { voucher: other, asked, clock: later } = scene(() => good)
  const token = jwt(later.now / 1000 + 5)
  t.match(await other.verify(token), { kind: 'caller' })
  later.now += 5_000
  t.match(await other.verify(token), { kind: 'unknown' })
  t.equal(asked.length, 1, 'what is over by its own word nobody is asked about')
})

t.test('a no counts for five seconds', async (t) => {
  const { voucher, asked, clock } = scene(() => ({ status: 401 }))
  t.strictSame(await voucher.verify('abc'), { kind: 'unknown' })
  t.strictSame(await voucher.verify('abc'), { kind: 'unknown' })
  t.equal(asked.length, 1)
  clock.now += refusedForMs
  await voucher.verify('abc')
  t.equal(asked.length, 2)
})

t.test('who is known there and may nothing is known here, and may nothing', async (t) => {
  const { voucher } = scene(() => ({ status: 403 }))
  t.match(await voucher.verify('abc'), { kind: 'caller', caller: { permissions: [] } })
})

t.test('while it gives no answer that can be understood nobody is let in, and a person hears of it', async (t) => {
  for (const answer of ['no way', { status: 500 }, { status: 302 }, { message: 'pong' }]) {
    const { voucher, asked } = scene(() => answer)
    await t.rejects(voucher.verify('abc'), { code: 'VOUCHER_UNAVAILABLE', retryable: true })
    t.match(voucher.trouble, /VOUCHER_UNAVAILABLE/)
    await t.rejects(voucher.verify('abc'))
    t.equal(asked.length, 2, 'nothing is kept of it')
  }
  let answer: object | string = 'no way'
  const { voucher } = scene(() => answer)
  await t.rejects(voucher.verify('abc'))
  answer = good
  await voucher.verify('abc')
  t.equal(voucher.trouble, undefined)
})

t.test('names that it gives are harmless', async (t) => {
  const { voucher } = scene(() => ({ valid: true, user_id: 'a\n\u001b[31m b'.padEnd(300, 'x') }))
  const answer = await voucher.verify('abc')
  t.match(answer.kind === 'caller' && answer.caller.name, /^zervi:a___31m_bx{90,}$/)
})
