import t from 'tap'
import { planeRules } from '#test/support/kubernetes/shop.ts'
import { heardFinding, rightsFinding, rightsNeeded, rightText } from './kubernetes.ts'

const all = { watches: true, pods: true, namespaces: [], enrols: true }

t.test('what is asked about is what a plane is granted, and no more', async (t) => {
  const granted = planeRules.flatMap(({ apiGroups: [group], resources: [resource], verbs }) =>
    verbs.map((verb) => ({ group, resource, verb })),
  )
  t.strictSame(rightsNeeded(all), granted)
})

for (const { name, uses, rights } of [
  { name: 'nothing is watched', uses: { ...all, watches: false }, rights: ['create tokenreviews'] },
  {
    name: 'Pods are not watched, and nobody is let in',
    uses: { ...all, pods: false, enrols: false },
    rights: ['list endpointslices', 'watch endpointslices'],
  },
  {
    name: 'namespaces are named',
    uses: { ...all, pods: false, enrols: false, namespaces: ['a', 'b'] },
    rights: ['list', 'watch']
      .map((verb) => `${verb} endpointslices in a`)
      .concat(['list', 'watch'].map((verb) => `${verb} endpointslices in b`)),
  },
]) {
  t.test(`only what is used is asked about where ${name}`, async (t) => {
    t.strictSame(rightsNeeded(uses).map(rightText), rights)
  })
}

t.test('what is missing is named, as far as it can be read', async (t) => {
  t.equal(rightsFinding('Kubernetes prod', []).level, 'ok')
  const namespaces = ['a', 'b', 'c', 'd']
  const { level, text } = rightsFinding('Kubernetes prod', rightsNeeded({ ...all, namespaces }))
  t.equal(level, 'error')
  t.match(
    text,
    /^Kubernetes prod: its account may not list endpointslices in a, .* and 11 more \(step authenticate, 403\)$/,
  )
})

const heard = { cluster: 'prod', answered: true, error: null, instances: 3, held: 0, left_out: {} }
const asked = { lists: 1, watches: 1, bytes: 1 }
for (const { more, level, says } of [
  { more: {}, level: 'ok', says: /hears Kubernetes prod: 3 instances/ },
  { more: { answered: false }, level: 'warning', says: /has not told the plane all yet/ },
  { more: { error: 'Pods: prod answered 401: Unauthorized' }, level: 'error', says: /does not hear.*→ Put a token/ },
  { more: { error: 'Pods: prod answered 403: no' }, level: 'error', says: /does not hear.*→ Grant/ },
  { more: { error: 'Pods: prod cannot be asked' }, level: 'error', says: /→ Run `heddle doctor --only kubernetes`/ },
]) {
  t.test(`a cluster is told of as ${says.source}`, async (t) => {
    const finding = heardFinding({ ...heard, asked, ...more })
    t.equal(finding.level, level)
    t.match(`${finding.text} → ${finding.remedy}`, says)
  })
}
