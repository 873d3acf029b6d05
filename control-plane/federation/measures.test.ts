import t from 'tap'
import { type Heard, Measures, validForMs } from './measures.ts'

const cpu = (value: number, at: number): Heard => ({ node: 'n', name: 'host_cpu_usage', unit: 'percent', value, at })
const memory = (value: number, at: number): Heard => ({ ...cpu(value, at), name: 'host_memory_usage' })
const own = (name: string, value: number, at: number, unit: Heard['unit'] = 'percent'): Heard => ({
  instance: 'i',
  node: 'n',
  name,
  unit,
  value,
  at,
})

function measures(...heard: readonly Heard[]): Measures {
  const all = new Measures()
  for (const each of heard) all.take([each], 'agent')
  return all
}

t.test('a node is as loaded as its processors, or as its memory where that is tight', async (t) => {
  t.equal(measures(cpu(30, 0)).ofNode('n', 0), 0.3)
  t.equal(measures(cpu(30, 0), memory(79, 0)).ofNode('n', 0), 0.3)
  t.equal(measures(cpu(30, 0), memory(90, 0)).ofNode('n', 0), 0.5)
  t.equal(measures(memory(90, 0)).ofNode('n', 0), undefined, 'memory alone is no measure of load')
})

t.test('a jump is followed gradually', async (t) => {
  const after = measures(cpu(0, 0), cpu(100, 15_000)).ofNode('n', 15_000) ?? 0
  t.ok(after > 0.3 && after < 0.5, String(after))
})

t.test('what is older than a minute says nothing, and is not mixed into what is new', async (t) => {
  const all = measures(cpu(80, 0))
  t.equal(all.ofNode('n', validForMs), 0.8)
  t.equal(all.ofNode('n', validForMs + 1), undefined)
  all.take([cpu(10, validForMs + 1)], 'agent')
  t.equal(all.ofNode('n', validForMs + 1), 0.1)
})

t.test('what is told later of earlier times changes nothing', async (t) => {
  const all = measures(cpu(80, 1000), cpu(10, 500), own('cpu_usage', 90, 1000), own('cpu_usage', 10, 500))
  t.equal(all.ofNode('n', 1000), 0.8)
  t.equal(all.ownLoad('i', 1000), 0.9)
})

t.test('of what an instance says of its load the worst counts, and only percents', async (t) => {
  const all = measures(own('cpu_usage', 20, 0), own('load_usage', 70, 0), own('cpu_usage', 9, 1, 'count'))
  t.equal(all.ownLoad('i', 1), 0.7)
  t.equal(measures().ownLoad('i', 0), undefined)
})

t.test('the share of failed requests needs both numbers, and requests', async (t) => {
  const requests = own('service_requests', 20, 0, 'count')
  t.equal(measures(requests, own('service_errors', 5, 0, 'count')).errors('i', 0), 0.25)
  t.equal(measures(requests).errors('i', 0), undefined)
  t.equal(measures({ ...requests, value: 0 }, own('service_errors', 0, 0, 'count')).errors('i', 0), undefined)
})

t.test('a client cannot measure a node, nor say what is no number', async (t) => {
  const all = new Measures()
  all.take([cpu(1, 0), own('cpu_usage', 50, 0), own('load_usage', Number.NaN, 0)], 'client')
  t.equal(all.ofNode('n', 0), undefined)
  t.equal(all.ownLoad('i', 0), 0.5)
})

t.test('how long a check takes is an agent’s word alone', async (t) => {
  const took = own('check_duration', 12, 0, 'ms')
  t.equal(measures(took).latencyMs('i', 0), 12)
  const all = new Measures()
  all.take([took], 'client')
  t.equal(all.latencyMs('i', 0), undefined)
})

t.test('after a restart what was known stands in until there is something newer', async (t) => {
  const before = measures(cpu(80, 0), own('load_usage', 60, 0))
  const after = new Measures()
  after.restore(JSON.parse(JSON.stringify(before.stored())), 1_000_000)
  t.equal(after.ofNode('n', 1_000_000), 0.8)
  t.equal(after.ownLoad('i', 1_000_000), 0.6)
  after.take([cpu(80, 1_015_000)], 'agent')
  t.equal(Math.round((after.ofNode('n', 1_060_001) ?? 0) * 100), 80)
  t.equal(after.ownLoad('i', 1_060_001), undefined)
})

t.test('what says nothing any more is forgotten', async (t) => {
  const all = measures(cpu(80, 0), own('cpu_usage', 1, 50_000))
  all.forget(70_000)
  t.strictSame(all.stored(), [['instance', 'i', 'cpu_usage', 1, 50_000]])
})
