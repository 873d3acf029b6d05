import t from 'tap'
import { catalogue } from './catalogue.ts'
import { explainError, Failure } from './failure.ts'

t.test('a failure carries code, remedy, cause and whether a retry helps', async (t) => {
  const cause = new Error('connect ECONNREFUSED')
  const plain = new Failure('PORT_TAKEN', '8888 is taken', { cause })
  t.match(plain, { name: 'Failure', code: 'PORT_TAKEN', message: '8888 is taken', retryable: false, cause })
  t.equal(plain.remedy, catalogue.PORT_TAKEN.remedy)
  t.ok(plain instanceof Error)
  const precise = new Failure('PORT_TAKEN', 'x', { remedy: 'Stop nginx.', retryable: true })
  t.match(precise, { remedy: 'Stop nginx.', retryable: true })
})

const ring = new Error('round')
ring.cause = new Error('and round', { cause: ring })

for (const { name, error, text } of [
  { name: 'an error alone', error: new Error('a'), text: 'a' },
  { name: 'a chain', error: new Error('a', { cause: new Error('b', { cause: new TypeError('c') }) }), text: 'a: b: c' },
  { name: 'a cause that is no error', error: new Error('a', { cause: 'because' }), text: 'a: because' },
  { name: 'what is no error', error: 'thrown text', text: 'thrown text' },
  { name: 'a number', error: 7, text: '7' },
  { name: 'nothing', error: undefined, text: '' },
  { name: 'an error without a message', error: new TypeError(), text: 'TypeError' },
  { name: 'a wrapper with the same message', error: new Error('a', { cause: new Error('a') }), text: 'a' },
  {
    name: 'several at once',
    error: new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]),
    text: 'refused ::1',
  },
  { name: 'several with a word', error: new AggregateError([new Error('x')], 'all refused'), text: 'all refused' },
  { name: 'several that are none', error: new AggregateError([]), text: 'AggregateError' },
  { name: 'a ring', error: ring, text: 'round: and round: round: and round: round: and round: round: and round' },
]) {
  t.test(`${name} is explained from the outside in`, async (t) => {
    t.equal(explainError(error), text)
  })
}

t.test('a chain of equal messages that is a ring ends too', async (t) => {
  const error = new Error('again')
  error.cause = error
  t.equal(explainError(error), 'again')
})
