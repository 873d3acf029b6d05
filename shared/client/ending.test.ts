import t from 'tap'
import { type Ending, endingOf, endingText, judgementOf, mayRepeat } from './ending.ts'

const refused: Ending = { kind: 'refused', code: 'ECONNREFUSED' }
const reset: Ending = { kind: 'reset', code: 'ECONNRESET' }

for (const { ending, method, repeated } of [
  { ending: refused, method: 'GET', repeated: true },
  { ending: refused, method: 'POST', repeated: true },
  { ending: reset, method: 'GET', repeated: true },
  { ending: reset, method: 'PUT', repeated: true },
  { ending: reset, method: 'DELETE', repeated: true },
  { ending: reset, method: 'POST', repeated: false },
  { ending: reset, method: 'PATCH', repeated: false },
  { ending: { kind: 'timeout' }, method: 'GET', repeated: false },
  { ending: { kind: 'given-up' }, method: 'GET', repeated: false },
  { ending: { kind: 'answered', status: 503 }, method: 'GET', repeated: false },
] as const) {
  t.test(`${method} that ended ${endingText(ending)} is ${repeated ? '' : 'not '}repeated`, async (t) => {
    t.equal(mayRepeat(ending, method), repeated)
  })
}

for (const [ending, judgement] of [
  [refused, 'bad'],
  [reset, 'bad'],
  [{ kind: 'timeout' }, 'bad'],
  [{ kind: 'given-up' }, 'none'],
  [{ kind: 'answered', status: 200 }, 'good'],
  [{ kind: 'answered', status: 404 }, 'good'],
  [{ kind: 'answered', status: 500 }, 'good'],
  [{ kind: 'answered', status: 503 }, 'bad'],
] as const) {
  t.test(`${endingText(ending)} is ${judgement} news of the instance`, async (t) => {
    t.equal(judgementOf(ending), judgement)
  })
}

t.test('what broke before there was a connection was never sent', async (t) => {
  t.strictSame(endingOf('ETIMEDOUT', false), { kind: 'refused', code: 'ETIMEDOUT' })
  t.strictSame(endingOf('ECONNREFUSED', false), refused)
  t.strictSame(endingOf('ECONNRESET', true), reset)
})
