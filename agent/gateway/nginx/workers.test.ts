import t from 'tap'
import { drainingGenerations, turnover, type Worker, workerState } from './workers.ts'

const worker = (pid: number, state: Worker['state'], startedAt = pid): Worker => ({ pid, state, startedAt })

for (const { title, state } of [
  { title: 'nginx: worker process', state: 'serving' },
  { title: 'nginx: worker process is shutting down', state: 'draining' },
  { title: 'nginx: master process nginx -c x', state: 'starting' },
  { title: 'nginx: cache manager process', state: 'other' },
  { title: '', state: 'draining' },
]) {
  t.test(`"${title}" is ${state}`, async (t) => t.equal(workerState(title), state))
}

const before = [worker(1, 'serving'), worker(2, 'serving'), worker(3, 'other')]
for (const { name, now, newReady, oldServing } of [
  { name: 'nothing happened yet', now: before, newReady: false, oldServing: [1, 2] },
  {
    name: 'new ones start',
    now: [...before, worker(4, 'serving'), worker(5, 'starting')],
    newReady: false,
    oldServing: [1, 2],
  },
  {
    name: 'new ones are ready',
    now: [...before, worker(4, 'serving'), worker(5, 'serving')],
    newReady: true,
    oldServing: [1, 2],
  },
  {
    name: 'one old one drains',
    now: [worker(1, 'draining'), worker(2, 'serving'), worker(4, 'serving')],
    newReady: true,
    oldServing: [2],
  },
  { name: 'all old ones drain', now: [worker(1, 'draining'), worker(4, 'serving')], newReady: true, oldServing: [] },
  { name: 'a pid is used again', now: [worker(1, 'serving', 99)], newReady: true, oldServing: [] },
  { name: 'all are gone', now: [], newReady: false, oldServing: [] },
]) {
  t.test(`a reload where ${name}`, async (t) => {
    const found = turnover(before, now)
    t.equal(found.newReady, newReady)
    t.strictSame(
      found.oldServing.map(({ pid }) => pid),
      oldServing,
    )
  })
}

t.test('draining workers are counted by generation, the oldest first', async (t) => {
  const workers = [
    worker(7, 'draining', 130),
    worker(1, 'draining', 100),
    worker(2, 'draining', 103),
    worker(9, 'serving', 150),
  ]
  t.strictSame(
    drainingGenerations(workers).map((generation) => generation.map(({ pid }) => pid)),
    [[1, 2], [7]],
  )
})
