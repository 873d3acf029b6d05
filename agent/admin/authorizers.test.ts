import t from 'tap'
import type { AuthenticatorState, AuthorizerState } from '../authorizer/authorizer.ts'
import { authorizerFamilies, authorizersHealth, someUnable } from './authorizers.ts'

const counts = { asked: 9, known: 4, granted: 5, refused: 2, forbidden: 1, unable: 1 }
const users: AuthenticatorState = {
  name: 'users',
  kind: 'jwt',
  service: 'auth',
  endpoints: 1,
  known: 3,
  retired: false,
  unable: undefined,
  questions: 0,
  keys: { keys: 2, passed_over: 1, age_ms: 1_499.7, why: undefined },
  counts,
}
const { keys: _, ...rest } = users
const old: AuthenticatorState = { ...rest, name: 'old', kind: 'external', questions: 7 }
const edge: AuthorizerState = {
  gateway: 'edge',
  listen: '127.0.0.1:18098',
  authenticators: [users, old],
  unknown: [],
  in_vain: 2,
}

t.test('each authenticator is told with its keys and counts', async (t) => {
  t.match(authorizersHealth([edge]), [
    {
      gateway: 'edge',
      in_vain: 2,
      authenticators: [{ name: 'users', counts, keys: { age_ms: 1500 } }, { name: 'old' }],
    },
  ])
})

t.test('an agent whose authorizer cannot judge is not quite well', async (t) => {
  const unable = { ...users, unable: 'no key set yet' }
  t.notOk(someUnable([]))
  t.notOk(someUnable([edge]))
  t.ok(someUnable([edge, { ...edge, authenticators: [unable] }]))
  t.ok(someUnable([{ ...edge, unknown: ['x'] }]))
  t.notOk(someUnable([{ ...edge, authenticators: [{ ...unable, retired: true }] }]))
})

t.test('its metrics are by gateway and authenticator', async (t) => {
  const values = authorizerFamilies([edge]).flatMap(({ name, samples }) =>
    samples.map(({ labels, value }) => [
      name.replace('heddle_agent_authorizer_', ''),
      Object.values(labels ?? {}).join(),
      value,
    ]),
  )
  for (const expected of [
    ['asked_total', 'edge,users', 9],
    ['answers_total', 'edge,old,forbidden', 1],
    ['cache_hits_total', 'edge,users', 4],
    ['service_questions_total', 'edge,old', 7],
    ['able', 'edge,users', 1],
    ['keys', 'edge,users', 2],
    ['key_set_age_seconds', 'edge,users', 1.4997],
    ['in_vain_total', 'edge', 2],
  ]) {
    t.ok(
      values.some((value) => value.join() === expected.join()),
      expected.join(),
    )
  }
  t.notOk(
    values.some(([name, labels]) => name === 'keys' && labels === 'edge,old'),
    'who has no key set tells of none',
  )
})
