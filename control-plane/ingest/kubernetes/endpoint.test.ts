import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { KubernetesConfig } from '../../kubernetes/config.ts'
import type { EndpointSlice } from '../../kubernetes/objects.ts'
import { chosenOf, type Endpoint, endpointsOf } from './endpoint.ts'
import { portOf, ruleFor } from './rule.ts'

const rules = (...services: readonly object[]) =>
  z.parse(KubernetesConfig, { clusters: [{ name: 'prod', services }] }).clusters[0]?.services ?? []

const http = { name: 'http', port: 8080, protocol: 'TCP' }
type Wish = Partial<EndpointSlice> & { readonly name?: string; readonly labels?: Record<string, string> }
const slice = ({ name = 'crm-a', labels = {}, ...more }: Wish = {}): EndpointSlice => ({
  metadata: {
    ...{ name, namespace: 'shop', uid: 'u', resourceVersion: '1' },
    labels: { 'kubernetes.io/service-name': 'crm', ...labels },
    annotations: { 'heddle.example/on': 'yes' },
    deletionTimestamp: undefined,
  },
  addressType: 'IPv4',
  ports: [http],
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ...more,
})
const read = (of: EndpointSlice, services = rules({})) =>
  endpointsOf(of, { name: 'prod', services, inRange: (address) => !address.startsWith('192.') })
const one = (of: EndpointSlice) => read(of).endpoints[0]

for (const { name, rule, fits } of [
  { name: 'every Service', rule: {}, fits: true },
  { name: 'its name', rule: { name: 'cr*' }, fits: true },
  { name: 'another name', rule: { name: 'crm-*' }, fits: false },
  { name: 'another namespace', rule: { namespace: 'other' }, fits: false },
  { name: 'a label', rule: { labels: { 'kubernetes.io/service-name': 'crm' } }, fits: true },
  { name: 'a label that it lacks', rule: { labels: { team: '*' } }, fits: false },
  { name: 'a property that all objects have', rule: { labels: { constructor: '*' } }, fits: false },
  { name: 'an annotation', rule: { annotations: { 'heddle.example/on': 'yes' } }, fits: true },
  { name: 'another annotation', rule: { annotations: { 'heddle.example/on': 'no' } }, fits: false },
]) {
  t.test(`a rule for ${name} ${fits ? 'fits' : 'does not fit'}`, async (t) => {
    t.equal(ruleFor(slice(), rules(rule)) !== undefined, fits)
  })
}

t.test('a slice of no Service is of none of ours', async (t) => {
  t.equal(ruleFor(slice({ labels: { 'kubernetes.io/service-name': '' } }), rules({})), undefined)
})

const grpc = { name: 'grpc', port: 9090, protocol: 'TCP' }
for (const { name, ports, wanted, chosen } of [
  { name: 'the only one', ports: [grpc], wanted: undefined, chosen: 9090 },
  { name: 'by its name', ports: [http, grpc], wanted: 'grpc', chosen: 9090 },
  { name: 'by its number', ports: [http, grpc], wanted: 9090, chosen: 9090 },
  { name: 'http of many', ports: [grpc, http], wanted: undefined, chosen: 8080 },
  { name: 'the one without a name', ports: [http, { ...grpc, name: '' }], wanted: undefined, chosen: 9090 },
  { name: 'none of that name', ports: [http], wanted: 'https', chosen: 'no-such-port' },
  { name: 'none of many', ports: [grpc, { ...grpc, name: 'x', port: 1 }], wanted: undefined, chosen: 'many-ports' },
  { name: 'none without ports', ports: [], wanted: undefined, chosen: 'no-ports' },
  { name: 'none of UDP', ports: [{ ...http, protocol: 'UDP' }], wanted: undefined, chosen: 'no-ports' },
]) {
  t.test(`the port is ${name}`, async (t) => {
    const found = portOf({ ports }, wanted)
    t.equal(found.kind === 'port' ? found.port : found.why, chosen)
  })
}

for (const { name, conditions, state, terminating = false } of [
  { name: 'nothing', conditions: undefined, state: 'ready' },
  { name: 'null', conditions: { ready: null, serving: null, terminating: null }, state: 'ready' },
  { name: 'ready', conditions: { ready: true }, state: 'ready' },
  { name: 'not ready', conditions: { ready: false }, state: 'unready' },
  {
    name: 'serving',
    conditions: { ready: false, serving: true, terminating: true },
    state: 'serving',
    terminating: true,
  },
  {
    name: 'going',
    conditions: { ready: false, serving: false, terminating: true },
    state: 'unready',
    terminating: true,
  },
]) {
  t.test(`conditions that say ${name} make it ${state}`, async (t) => {
    t.match(one(slice({ endpoints: [{ addresses: ['10.0.0.1'], conditions }] })), { state, terminating })
  })
}

for (const { name, of, why } of [
  {
    name: 'a name for an address',
    of: slice({ addressType: 'FQDN', endpoints: [{ addresses: ['db.example'] }] }),
    why: 'address-type',
  },
  { name: 'no address', of: slice({ endpoints: [{ addresses: [] }] }), why: 'out-of-range' },
  { name: 'an address that is none', of: slice({ endpoints: [{ addresses: ['10.0.0.1; rm'] }] }), why: 'out-of-range' },
  { name: 'an address elsewhere', of: slice({ endpoints: [{ addresses: ['192.0.2.1'] }] }), why: 'out-of-range' },
  { name: 'no port', of: slice({ ports: null }), why: 'no-ports' },
] as const) {
  t.test(`an endpoint with ${name} is left out, and counted`, async (t) => {
    t.strictSame([...read(of).leftOut], [[why, 1]])
    t.strictSame(read(of).endpoints, [])
  })
}

t.test('a slice without endpoints is none', async (t) => {
  t.strictSame(read(slice({ endpoints: null })), { endpoints: [], leftOut: new Map() })
})

t.test('a Pod is the same instance by its name, whatever its address', async (t) => {
  const pod = (address: string, uid: string) =>
    one(slice({ endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', name: 'crm-0', uid } }] }))
  t.equal(pod('10.0.0.1', 'a')?.id, pod('10.0.0.2', 'b')?.id)
  t.not(pod('10.0.0.1', 'a')?.id, one(slice())?.id)
  t.match(pod('10.0.0.1', 'a')?.id, /^crm-[0-9a-f]{12}$/)
})

const endpoint = fc.record({
  family: fc.constantFrom('IPv4', 'IPv6'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
  state: fc.constantFrom('ready', 'serving', 'unready'),
  terminating: fc.boolean(),
  uid: fc.constantFrom('a', 'b'),
  nodeName: fc.constantFrom('', 'n'),
})

t.test('which telling of an endpoint counts does not follow from their order, and none is better', async (t) => {
  const base = one(slice())
  if (!base) throw new Error('there is none')
  const all = fc.array(endpoint, { minLength: 1, maxLength: 5 })
  const holds = () =>
    fc.assert(
      fc.property(all, fc.nat(), (wishes, turn) => {
        const told: Endpoint[] = wishes.map(({ uid, ...wish }) => ({ ...base, ...wish, pod: { name: 'p', uid } }))
        const turned = [...told.slice(turn % told.length), ...told.slice(0, turn % told.length)].reverse()
        const [a, b] = [chosenOf(told, 'IPv4'), chosenOf(turned, 'IPv4')]
        const hasOwn = told.some(({ family }) => family === 'IPv4')
        const mine = told.filter(({ family }) => family === (hasOwn ? 'IPv4' : 'IPv6'))
        const isReady = mine.some(({ state }) => state === 'ready')
        return JSON.stringify(a) === JSON.stringify(b) && (a?.state === 'ready') === isReady && a && mine.includes(a)
      }),
    )
  t.doesNotThrow(holds)
  t.equal(chosenOf([], 'IPv4'), undefined)
})
