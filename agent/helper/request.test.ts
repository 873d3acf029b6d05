import t from 'tap'
import { HelperConfig } from './config.ts'
import { judgeRequest, readRequest } from './request.ts'
import { numbersOf, ownerOf, processOf } from './verbs/process-facts.ts'
import { verbs } from './verbs.ts'

const list = HelperConfig.parse({
  restart: [{ unit: 'basic-server.service' }],
  reload: [{ unit: 'nginx.service' }],
  measure: { users: ['www-data', 64_000] },
})
const judged = (request: object, by = list) => {
  const read = readRequest(JSON.stringify(request), verbs)
  return read.ok ? (judgeRequest(read, by)?.code ?? 'allowed') : read.code
}

for (const [request, becomes] of [
  [{ verb: 'restart', unit: 'basic-server.service' }, 'allowed'],
  [{ verb: 'reload', unit: 'nginx.service' }, 'allowed'],
  [{ verb: 'measure', pids: [1] }, 'allowed'],
  [{ verb: 'restart', unit: 'nginx.service' }, 'refused'],
  [{ verb: 'restart', unit: 'Basic-server.service' }, 'refused'],
  [{ verb: 'restart', unit: '--now' }, 'malformed'],
  [{ verb: 'restart', unit: 'a/../basic-server.service' }, 'malformed'],
  [{ verb: 'restart', unit: 'basic-server.service', more: 1 }, 'malformed'],
  [{ verb: 'enable', unit: 'basic-server.service' }, 'unknown-verb'],
  [{ verb: '__proto__' }, 'unknown-verb'],
  [{}, 'unknown-verb'],
] as const) {
  t.test(`${JSON.stringify(request)} is ${becomes}`, async (t) => {
    t.equal(judged(request), becomes)
  })
}

t.test('an empty list allows nothing', async (t) => {
  const nothing = HelperConfig.parse({})
  for (const verb of ['restart', 'reload']) t.equal(judged({ verb, unit: 'nginx.service' }, nothing), 'refused')
  t.equal(judged({ verb: 'measure', pids: [1] }, nothing), 'refused')
})

t.test('whose process it is, and what it takes, is read as the kernel says it', async (t) => {
  t.strictSame(
    [...numbersOf(['www-data', 64_000, 'nobody-here'], 'root:x:0:0::/:\nwww-data:x:33:33::/:\nbad')],
    [33, 64_000],
  )
  t.equal(ownerOf('Name:\tx\nUid:\t33\t33\t33\t33\n'), 33)
  t.equal(ownerOf('Name:\tUid:\t33\t33\t33\t33\nUid:\t33\t0\t33\t33\n'), undefined, 'one that can become another')
  t.equal(ownerOf(''), undefined)
  const stat = `7 (a ) b) S 1 7 7 0 -1 0 0 0 0 0 30 12 0 0 20 0 1 0 4711 0 0`
  const status = 'VmRSS:\t  20 kB\nThreads:\t3\n'
  t.strictSame(processOf({ pid: 7, stat, status, files: 4, sockets: [9] }), {
    ...{ pid: 7, sockets: [9], ticks: 42, startedAt: 4711, memory: 20_480, threads: 3, files: 4 },
  })
  t.equal(processOf({ pid: 7, stat: '', status: '', files: undefined, sockets: [] }), undefined)
})
