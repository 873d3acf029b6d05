/** Records as a Consul lists them: a node, an instance, a check, a key, what stands on a node, and why a transaction was refused. */
export const consulRows: readonly object[] = [
  {
    ID: 'x',
    Node: 'n1',
    Address: '10.0.0.1',
    Datacenter: 'dc',
    Meta: { 'heddle-owner': 'main', a: 'b' },
    ModifyIndex: 5,
  },
  {
    ...{
      Node: 'n1',
      Address: '10.0.0.1',
      NodeMeta: { a: 'b' },
      ServiceID: 'crm-1',
      ServiceName: 'crm',
      ServiceKind: '',
    },
    ...{ ServiceAddress: '10.0.0.1', ServicePort: 80, ServiceTags: ['a', 'b'], ServiceMeta: { v: '1' } },
    ...{ ServiceWeights: { Passing: 5, Warning: 1 }, ModifyIndex: 7 },
  },
  {
    ...{ Node: 'n1', CheckID: 'c1', Name: 'check', Status: 'passing', Notes: 'n', Output: 'ok', Type: 'http' },
    ...{
      ServiceID: 'crm-1',
      ServiceName: 'crm',
      ServiceTags: [],
      Definition: { HTTP: 'http://x/', TCP: '' },
      ModifyIndex: 9,
    },
  },
  { Key: 'heddle/leader', Value: 'eyJhIjoxfQ==', ModifyIndex: 3, LockIndex: 0, Flags: 0 },
  {
    Node: { Node: 'n1', Address: '10.0.0.1', Meta: {}, ModifyIndex: 5 },
    Services: {
      'crm-1': { ID: 'crm-1', Service: 'crm', Port: 80, Tags: ['a'], Meta: { a: 'b' }, Weights: { Passing: 1 } },
    },
  },
  { Errors: [{ OpIndex: 0, What: 'index is stale' }], Results: [] },
]
