import t from 'tap'
import { nodeIdPattern } from '../protocol/identity.ts'
import { nodeOfPod, readClaims } from './kubernetes.ts'

const of = {
  namespace: 'shop',
  serviceAccount: 'default',
  pod: { name: 'crm-0', uid: 'u-1' },
  node: { name: 'a', uid: 'n-uid' },
}

t.test('a Pod is one node, and all Pods of a Node are one where that is asked for', async (t) => {
  const [mine, theirs] = [nodeOfPod(of, 'pod'), nodeOfPod({ ...of, pod: { name: 'crm-0', uid: 'u-2' } }, 'pod')]
  t.match(mine?.node, nodeIdPattern)
  t.not(mine?.node, theirs?.node, 'one of the same name that came later is another')
  t.equal(mine?.machine, theirs?.machine)
  t.strictSame(nodeOfPod(of, 'node'), nodeOfPod({ ...of, pod: { name: 'x', uid: 'u-2' } }, 'node'))
  t.not(nodeOfPod(of, 'node')?.node, mine?.node)
  t.equal(nodeOfPod({ ...of, node: undefined }, 'node'), undefined)
  t.match(nodeOfPod({ ...of, node: undefined }, 'pod')?.machine, 'kubernetes-u-1')
})

const token = (claims: unknown) => `a.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c`
const claims = {
  iss: 'https://cluster',
  'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'default' }, pod: of.pod, node: of.node },
}

t.test('what a token claims is read', async (t) => {
  t.strictSame(readClaims(`${token(claims)}\n`), { kind: 'read', issuer: 'https://cluster', identity: of })
})

for (const { name, text } of [
  { name: 'nothing', text: '' },
  { name: 'one of ours', text: 'hdl1.a.b.c' },
  { name: 'no JSON', text: 'a.b.c' },
  { name: 'other claims', text: token({ iss: 'x', sub: 'y' }) },
  { name: 'a part too many', text: `${token(claims)}.d` },
  { name: 'one that is too long', text: `a.${'b'.repeat(20_000)}.c` },
  { name: 'no Pod', text: token({ ...claims, 'kubernetes.io': { ...claims['kubernetes.io'], pod: undefined } }) },
]) {
  t.test(`${name} is no token of a Pod, and is not repeated`, async (t) => {
    const read = readClaims(text)
    t.equal(read.kind, 'unreadable')
    if (read.kind === 'unreadable' && text !== '') t.notOk(read.why.includes(text.slice(0, 20)))
  })
}
