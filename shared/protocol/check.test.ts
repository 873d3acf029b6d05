import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { InstanceSpec, ProbeSpec, probeKinds } from './check.ts'
import { Desired, PlaneMessage, Report } from './messages.ts'

const target = { address: '10.0.0.1', port: 5432, timeoutMs: 2_000 }
const tcp = { kind: 'tcp', ...target } as const
const redis = { kind: 'redis', ...target } as const
const later = { kind: 'of-a-later-version', ...target, helo: 'heddle' }
const instance = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 80, tags: [], metadata: {} }

t.test('every kind has its own form', async (t) => {
  const everything = { ...target, path: '/', service: '', user: 'u', database: 'd' }
  for (const kind of probeKinds) t.ok(z.safeParse(ProbeSpec, { kind, ...everything }).success, kind)
  t.notOk(z.safeParse(ProbeSpec, { kind: 'postgresql', ...target }).success)
  t.equal(new Set(probeKinds).size, probeKinds.length)
})

const hostKinds = [
  { kind: 'process', ...target, name: 'crm', pidFile: '/run/crm.pid' },
  { kind: 'command', ...target, command: 'disk', run: ['/bin/sh', '-c', 'id'] },
]

t.test('no message can have a process or a command looked at or run', async (t) => {
  for (const probe of hostKinds) {
    t.notOk(z.safeParse(ProbeSpec, probe).success)
    const desired = { admissions: {}, gateways: {}, probes: { a: probe, b: tcp } }
    t.strictSame(z.parse(Desired, desired).probes, { b: tcp })
    const message = { type: 'desired', whole: false, desired: { probes: { a: probe } } }
    t.strictSame(z.parse(PlaneMessage, message), { ...message, desired: { probes: {} } })
    t.strictSame(z.parse(InstanceSpec, { ...instance, checks: [probe, tcp] }).checks, [])
  }
})

t.test('no message can add what to run to a probe of a known kind', async (t) => {
  const dressed = { ...tcp, run: ['/bin/sh'], command: 'disk', unit: 'crm.service' }
  t.strictSame(z.parse(ProbeSpec, dressed), tcp)
})

t.test('probes of a later version are passed over, with what else is wanted taken', async (t) => {
  const admissions = { a: { admission: 'draining', reason: 'upgrade', by: 'me' } } as const
  const message = {
    type: 'desired',
    whole: true,
    desired: { admissions, gateways: {}, probes: { a: later, b: redis } },
  }
  t.strictSame(z.parse(PlaneMessage, message), {
    ...message,
    desired: { admissions, gateways: {}, probes: { b: redis } },
  })
  t.strictSame(z.parse(z.partial(Desired), {}), {})
})

t.test('an instance with a check of a later version is taken, without what nobody here could repeat', async (t) => {
  const report = (checks: readonly object[]) => {
    const told = { id: 'crm-1', spec: { ...instance, checks }, health: 'passing', reason: { code: 'ok' }, ageMs: 1 }
    return z.parse(Report, { type: 'report', sequence: 1, instances: [told] }).instances?.[0]?.spec?.checks
  }
  t.strictSame(report([redis, tcp]), [redis, tcp])
  t.strictSame(report([redis, later, tcp]), [redis])
  t.strictSame(report([later, tcp]), [], 'no other check decides in its place')
})

t.test('a wrong value in a known kind is refused, with its place', async (t) => {
  const wrong = z.safeParse(InstanceSpec, { ...instance, checks: [tcp, { ...redis, port: 0 }] })
  t.match(wrong.error?.issues, [{ path: ['checks', 1, 'port'] }])
  for (const probe of [null, 1, 'tcp', [], {}, { kind: 7 }]) {
    t.notOk(z.safeParse(Desired, { admissions: {}, gateways: {}, probes: { a: probe } }).success)
    t.notOk(z.safeParse(InstanceSpec, { ...instance, checks: [probe] }).success)
  }
  t.notOk(z.safeParse(InstanceSpec, { ...instance, checks: Array(17).fill(later) }).success)
})

t.test('whatever probes are wanted, reading them never throws', async (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (probes) => {
      z.safeParse(Desired, { admissions: {}, gateways: {}, probes })
      return true
    }),
  )
  t.pass()
})
