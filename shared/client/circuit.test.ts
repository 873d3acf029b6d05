import t from 'tap'
import type { Callable } from './callable.ts'
import { Circuit } from './circuit.ts'

const settings = {
  instance: { failures: 1, forMs: 1_000, mostMs: 1_000 },
  cluster: { failures: 2, forMs: 1_000, mostMs: 1_000 },
}

function callable(instance: string, last = false): Callable {
  return { instance, cluster: 'zervigo', address: '127.0.0.1', port: 1, weight: 100, last }
}

const four = ['a', 'b', 'c', 'd'].map((name) => callable(name))
const names = (those: readonly Callable[]) => those.map(({ instance }) => instance).join('')

t.test('instances that fail are left out, but never more than half', async (t) => {
  const circuit = new Circuit(settings)
  t.equal(names(circuit.allowed(four, 0)), 'abcd')
  for (const [at, instance] of ['a', 'b'].entries()) circuit.instanceEnded(instance, 'bad', at)
  t.equal(names(circuit.allowed(four, 10)), 'cd')
  circuit.instanceEnded('c', 'bad', 2)
  t.equal(names(circuit.allowed(four, 10)), 'da', 'the one comes along whose time is over soonest')
  t.equal(names(circuit.allowed(four, 1_001)), 'abd')
})

t.test('the only instance is never left out', async (t) => {
  const circuit = new Circuit(settings)
  circuit.instanceEnded('a', 'bad', 0)
  t.equal(names(circuit.allowed([callable('a')], 1)), 'a')
})

t.test('last resorts are called only where there is nothing else', async (t) => {
  const circuit = new Circuit(settings)
  t.equal(names(circuit.allowed([callable('a'), callable('b', true)], 0)), 'a')
  t.equal(names(circuit.allowed([callable('b', true)], 0)), 'b')
})

t.test('a cluster that fails as a whole is left out, until its time is over', async (t) => {
  const circuit = new Circuit(settings)
  for (const at of [0, 1]) {
    t.ok(circuit.clusterAllows('zervigo', at))
    circuit.clusterSent('zervigo', at)
    circuit.clusterEnded('zervigo', 'bad', at)
  }
  t.notOk(circuit.clusterAllows('zervigo', 2))
  t.ok(circuit.clusterAllows('looma', 2))
  t.ok(circuit.clusterAllows('zervigo', 1_001))
})

t.test('what the plane says anew is tried anew', async (t) => {
  const circuit = new Circuit({ ...settings, cluster: { ...settings.cluster, failures: 1 } })
  circuit.instanceEnded('a', 'bad', 0)
  circuit.clusterEnded('zervigo', 'bad', 0)
  circuit.forgive([callable('a')])
  t.equal(circuit.instance('a').state, 'closed')
  t.ok(circuit.clusterAllows('zervigo', 0))
})

t.test('nothing is kept of instances that are gone', async (t) => {
  const circuit = new Circuit(settings)
  circuit.instanceEnded('a', 'bad', 0)
  circuit.keepOnly([callable('b')])
  t.equal(circuit.instance('a').state, 'closed')
})
