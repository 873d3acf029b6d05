import t from 'tap'
import { judgeReview } from './review-token.ts'

const extra = {
  'authentication.kubernetes.io/pod-name': ['crm-0'],
  'authentication.kubernetes.io/pod-uid': ['u-1'],
  'authentication.kubernetes.io/node-name': ['a'],
  'authentication.kubernetes.io/node-uid': ['n'],
}
const user = { username: 'system:serviceaccount:shop:default', extra }
const good = { authenticated: true, audiences: ['heddle'], user }

t.test('a token that its server vouches for is that of a Pod', async (t) => {
  t.strictSame(judgeReview({ status: good }, 'heddle'), {
    kind: 'pod',
    identity: {
      ...{ namespace: 'shop', serviceAccount: 'default', pod: { name: 'crm-0', uid: 'u-1' } },
      node: { name: 'a', uid: 'n' },
    },
  })
})

for (const { name, status } of [
  { name: 'nothing is said', status: undefined },
  { name: 'it is not known', status: { ...good, authenticated: false } },
  { name: 'nothing is said of whether it is', status: { ...good, authenticated: undefined } },
  { name: 'it is for others', status: { ...good, audiences: ['vault'] } },
  { name: 'the server does not know audiences', status: { ...good, audiences: undefined } },
  { name: 'it is of a person', status: { ...good, user: { ...user, username: 'admin' } } },
  {
    name: 'its name only looks like an account',
    status: { ...good, user: { ...user, username: 'system:serviceaccount:a:b:c' } },
  },
  { name: 'it is bound to no Pod', status: { ...good, user: { ...user, extra: {} } } },
]) {
  t.test(`nobody is vouched for where ${name}`, async (t) => {
    t.equal(judgeReview({ status }, 'heddle').kind, 'refused')
  })
}
