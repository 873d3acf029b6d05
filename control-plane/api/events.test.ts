import { EventEmitter, getEventListeners } from 'node:events'
import t from 'tap'
import { drained } from './events.ts'

t.test('a reader that is slow again and again leaves no listeners behind', async (t) => {
  const response = new EventEmitter()
  const gone = new AbortController()
  for (let round = 0; round < 20; round += 1) {
    const waiting = drained(response, gone.signal)
    response.emit('drain')
    await waiting
  }
  t.equal(getEventListeners(gone.signal, 'abort').length, 0)
  const waiting = drained(response, gone.signal)
  gone.abort()
  await waiting
  t.equal(response.listenerCount('drain'), 0)
})
