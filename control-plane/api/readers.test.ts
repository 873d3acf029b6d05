import { EventEmitter, getEventListeners } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import { Readers } from './readers.ts'

function reader() {
  const response = new EventEmitter()
  return Object.assign(response, { destroy: () => response.emit('destroyed') })
}

t.test('a reader that takes nothing for a minute is cut off, one that takes something in time is not', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const response = reader()
  const readers = new Readers()
  let cut = 0
  response.on('destroyed', () => {
    cut += 1
  })
  const { signal } = new AbortController()
  const first = readers.drained(response, signal)
  mock.timers.tick(59_000)
  response.emit('drain')
  await first
  const second = readers.drained(response, signal)
  mock.timers.tick(59_000)
  t.equal(cut, 0)
  mock.timers.tick(1_000)
  await second
  t.equal(cut, 1)
  t.equal(readers.cut, 1)
})

t.test('a reader that is slow again and again leaves no listeners behind', async (t) => {
  const response = reader()
  const readers = new Readers()
  const gone = new AbortController()
  for (let round = 0; round < 20; round += 1) {
    const waiting = readers.drained(response, gone.signal)
    response.emit('drain')
    await waiting
  }
  t.equal(getEventListeners(gone.signal, 'abort').length, 0)
  const waiting = readers.drained(response, gone.signal)
  gone.abort()
  await waiting
  t.equal(response.listenerCount('drain'), 0)
})
