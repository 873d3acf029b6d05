import t from 'tap'
import { inspectStreams } from './inspect.ts'
import type { Resource, ResourceKind } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

const resource = (kind: ResourceKind, name: string, version: string) => ({ kind, name, version }) as Resource
const none = () => new Map<string, Resource>()

t.test('what an Envoy has confirmed is held against what is offered, resource by resource', async (t) => {
  const clusters = ['same', 'old', 'none', 'sent'].map((name) => [name, resource('cluster', name, '2')] as const)
  const resources = { cluster: new Map(clusters), endpoints: none(), secret: none(), listener: none(), routes: none() }
  const has: Readonly<Record<string, string>> = { same: '2', old: '1', sent: '1', gone: '1' }
  const stream = {
    id: 'edge-1',
    settled: false,
    isWildcard: (kind: ResourceKind) => kind === 'cluster',
    names: () => new Set<string>(),
    heldNames: (kind: ResourceKind) => (kind === 'cluster' ? Object.keys(has) : []),
    held: (_kind: ResourceKind, name: string) => ({
      version: has[name],
      resource: undefined,
      sent: name === 'sent' ? resource('cluster', name, '2') : undefined,
      uncertain: false,
    }),
  }
  t.strictSame(inspectStreams([stream], { resources } as unknown as Snapshot), {
    differences: [
      { kind: 'changed', what: 'cluster "old"', at: 'edge-1' },
      { kind: 'missing', what: 'cluster "none"', at: 'edge-1' },
      { kind: 'added', what: 'cluster "gone"', at: 'edge-1' },
    ],
    unknown: ['edge-1 has not confirmed the newest state'],
  })
})
