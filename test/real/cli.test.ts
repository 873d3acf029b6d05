import t, { type Test } from 'tap'
import * as z from 'zod/mini'
import { run } from '#cli/program.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import { EventView, ExplainView, InstanceView, NodeView, ServiceView } from '#shared/protocol/api.ts'
import { ApproveView, ChangeView, SweepView } from '#shared/protocol/change-api.ts'
import { NamedRouteView, RouteExplainView } from '#shared/protocol/route-explain.ts'
import { StatusView } from '#shared/protocol/status-api.ts'
import { type ApiPlane, apiPlane, sinkStatus } from '#test/support/api-plane.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { waitFor } from '#test/support/wait.ts'

const node = {
  id: 'n-aaaaaaaaaaaa',
  name: '北京一号',
  machine: 'm1',
  incarnation: 1,
  address: '127.0.0.1',
  site: 'tencent',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [],
}

function registered(id: string, port: number, name?: string): Change {
  const spec = { id, service: 'crm', address: '127.0.0.1', port, tags: [], metadata: {}, checks: [] }
  const named = name === undefined ? spec : { ...spec, name }
  return { kind: 'registered', instance: id, spec: named, node: node.id, origin: 'agent' }
}

const fleet: readonly Change[] = [
  { kind: 'node-joined', node },
  registered('crm-00000001', 8080, '客户管理'),
  registered('crm-00000002', 8180),
  { kind: 'judged', instance: 'crm-00000001', health: 'passing', reason: { code: 'ok' } },
  { kind: 'judged', instance: 'crm-00000002', health: 'critical', reason: { code: 'refused' } },
]

async function heddle(plane: Pick<ApiPlane, 'address'>, ...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: plane.address } })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

const plane = await apiPlane(t, fleet)

for (const { args, shows } of [
  { args: ['status'], shows: /Heddle i-1 .*revision 5.*\n\nNodes +1.*\nInstances +2: 1 routable, 1 not routable/ },
  { args: ['services'], shows: /\ncrm +zervigo +2 +1 +1 +0 +1 +0\n$/ },
  { args: ['nodes'], shows: /\nn-aaaaaaaaaaaa +北京一号 +tencent/ },
  { args: ['instances'], shows: /\ncrm-00000001 +客户管理 +北京一号 .*\ncrm-00000002 .*refused\n$/ },
  { args: ['instances', '--service', 'other'], shows: /^No such instance/ },
  { args: ['instances', '--node', '北京一号'], shows: /crm-00000002/ },
  { args: ['explain', '客户管理'], shows: /^crm-00000001 is routed/ },
  { args: ['explain', 'crm-00000002'], shows: /not routed: refused/ },
  {
    args: ['explain', '/api/crm/7'],
    shows:
      /^nginx:edge by public: Route api-crm leads to crm, which sees \/7\.\n(?:.*\n)*crm +100% +i-8080 +127.0.0.1:8080 +100 +yes/,
  },
  { args: ['explain', 'post', 'http://a:8090/x', '-H', 'x-a: 1'], shows: /No route of edge takes it: 404/ },
  { args: ['explain', 'api-crm'], shows: /^nginx:edge: Route api-crm leads to crm;.*not proven version 1 yet/ },
  {
    args: ['explain', 'route', 'api-crm', '--gateway', 'edge'],
    shows: /\n {2}declared at routes.yaml:10; number 1 of 1 /,
  },
  { args: ['explain', 'instance', 'crm-00000002'], shows: /not routed: refused/ },
  { args: ['events', '--since', '4'], shows: /^5 +\S+ +judged +crm-00000002 +critical: refused/ },
  { args: ['events', '--since', '1h', '--limit', '1'], shows: /^1 +\S+ +node-joined +n-aaaaaaaaaaaa +北京一号/ },
  { args: ['events', '--limit', '1'], shows: /^5 / },
]) {
  t.test(`heddle ${args.join(' ')} shows it to people`, async (t) => {
    const { code, out, err } = await heddle(plane, ...args)
    t.match(out, shows)
    t.strictSame({ code, err }, { code: 0, err: '' })
  })
}

for (const { args, schema } of [
  { args: ['status'], schema: StatusView },
  { args: ['services'], schema: z.array(ServiceView) },
  { args: ['nodes'], schema: z.array(NodeView) },
  { args: ['instances'], schema: z.array(InstanceView) },
  { args: ['explain', '/api/crm'], schema: RouteExplainView },
  { args: ['explain', 'api-crm'], schema: NamedRouteView },
  { args: ['explain', 'crm-00000001'], schema: ExplainView },
  { args: ['events'], schema: z.array(EventView) },
  { args: ['drain', 'crm-00000002', '--reason', 'x'], schema: ChangeView },
  { args: ['undrain', 'crm-00000002'], schema: ChangeView },
  { args: ['freeze', '--reason', 'x'], schema: ChangeView },
  { args: ['thaw', '--wait'], schema: ChangeView },
  { args: ['sweep', '--datacenter', 'zervigo-dc', '--owner', 'x'], schema: SweepView },
  { args: ['deletions', 'approve', '--datacenter', 'zervigo-dc'], schema: ApproveView },
]) {
  t.test(`heddle ${args.join(' ')} --json prints what the API answers, and nothing else`, async (t) => {
    const { code, out } = await heddle(plane, ...args, '--json')
    t.equal(code, 0)
    const value: unknown = JSON.parse(out)
    t.strictSame(z.parse(schema, value), value)
  })
}

t.test('a drain has author, reason and end, and undrain ends it', async (t) => {
  const plane = await apiPlane(t, fleet)
  const begun = Date.now()
  const drained = await heddle(plane, 'drain', '客户管理', '--reason', '新版本', '--for', '30m')
  t.match(drained, { code: 0, out: 'crm-00000001 is draining as of revision 6.\n' })
  const admission = plane.fleet.instances.get('crm-00000001')?.admission
  t.match(admission, { state: 'draining', reason: '新版本', by: 'operator:anna' })
  t.ok((admission?.expiresAt ?? 0) >= begun + 1_800_000)
  t.match(await heddle(plane, 'drain', 'crm-00000001', '--reason', '新版本', '--for', '30m', '--as', 'bo'), { code: 0 })
  t.match(await heddle(plane, 'undrain', 'crm-00000001', '--as', 'bo'), { code: 0, out: /is active as of/ })
  t.equal(plane.fleet.instances.get('crm-00000001')?.admission.state, 'active')
})

t.test('a name that is both an instance and a route is not guessed', async (t) => {
  const plane = await apiPlane(t, [...fleet, registered('crm-00000003', 8181, 'api-crm')])
  t.match(await heddle(plane, 'explain', 'api-crm'), {
    out: '',
    err: /api-crm is both an instance and a route(.|\n)*`heddle explain instance api-crm` or `heddle explain route api-crm`/,
  })
  t.match(await heddle(plane, 'explain', 'route', 'api-crm'), { code: 0, out: /^nginx:edge: Route api-crm/ })
  t.match(await heddle(plane, 'explain', 'instance', 'api-crm'), { code: 0, out: /^crm-00000003 is/ })
})

t.test('a name from the fleet cannot steer the terminal, and JSON keeps it as it is', async (t) => {
  const plane = await apiPlane(t, [{ kind: 'node-joined', node: { ...node, name: 'a\u001b[2Jb' } }])
  t.match((await heddle(plane, 'nodes')).out, 'a\ufffd[2Jb')
  t.match(JSON.parse((await heddle(plane, 'nodes', '--json')).out), [{ name: 'a\u001b[2Jb' }])
  const { out } = await heddle(plane, 'events', '--follow', '--since', '0', '--limit', '1')
  t.match(out, 'a\ufffd[2Jb')
})

t.test('a whole node is taken out by its name', async (t) => {
  const plane = await apiPlane(t, fleet)
  const { out } = await heddle(plane, 'maintenance', 'n-aaa', '--reason', 'kernel')
  t.match(out, /is maintenance as of revision \d+, with crm-00000001, crm-00000002 and what comes to it\.\n$/)
  t.equal(plane.fleet.standing('crm-00000002')?.routable, 'no')
  t.match((await heddle(plane, 'nodes')).out, /maintenance/)
  t.match((await heddle(plane, 'instances')).out, /kernel \(operator:anna, all of the node\)/)
  t.match((await heddle(plane, 'explain', 'crm-00000002')).out, /maintenance of all that is on .* by operator:anna/)
  const undrained = await heddle(plane, 'undrain', 'crm-00000002')
  t.match(undrained.out, /crm-00000002 stays maintenance, as all that is on node n-aaa/)
  t.match((await heddle(plane, 'undrain', 'n-aaa')).out, /is active as of/)
  t.not(plane.fleet.standing('crm-00000002')?.reason.code, 'maintenance')
})

t.test('--wait returns when every sink that applies has proven the change', async (t) => {
  const plane = await apiPlane(t, fleet)
  plane.sinks.set('a', sinkStatus('consul:zervigo-dc', 5))
  plane.sinks.set('b', sinkStatus('envoy:edge', 5))
  plane.sinks.set('c', sinkStatus('consul:looma-dc', 0, { mode: 'observe' }))
  const waiting = heddle(plane, 'drain', 'crm-00000001', '--reason', 'x', '--wait')
  let ended = false
  void waiting.then(() => {
    ended = true
  })
  await waitFor(() => plane.fleet.revision === 6, { what: 'the change', withinMs: 20_000 })
  plane.sinks.set('a', sinkStatus('consul:zervigo-dc', 6))
  const { out } = await heddle(plane, 'status')
  t.match(out, /consul:zervigo-dc +apply +following +6 +0/)
  t.equal(ended, false)
  plane.sinks.set('b', sinkStatus('envoy:edge', 6))
  t.match(await waiting, { code: 0, err: /^Revision 6 is proven by consul:zervigo-dc and envoy:edge after/ })
})

t.test('--wait ends with 6 when time is up, and the change stands', async (t) => {
  const plane = await apiPlane(t, fleet)
  plane.sinks.set('b', sinkStatus('envoy:edge', 5, { state: 'behind' }))
  const { code, out, err } = await heddle(
    plane,
    'drain',
    'crm-00000001',
    '--reason',
    'x',
    '--wait',
    '--timeout',
    '400ms',
  )
  t.equal(code, 6)
  t.match(out, /^crm-00000001 is draining/)
  t.match(err, /not proven by envoy:edge\nwhy: +envoy:edge is behind, proven 5\nremedy: /)
})

t.test('--wait on a frozen sink says so with 5, at once', async (t) => {
  const plane = await apiPlane(t, fleet)
  await heddle(plane, 'freeze', '--reason', 'network work')
  plane.sinks.set('b', sinkStatus('envoy:edge', 5, { state: 'frozen' }))
  const { code, err } = await heddle(plane, 'drain', 'crm-00000001', '--reason', 'x', '--wait')
  t.equal(code, 5)
  t.match(err, /not shown by envoy:edge\nwhy: +frozen by an operator/)
})

t.test('on a terminal the waiting is seen, and the line is cleared', async (t) => {
  const plane = await apiPlane(t, fleet)
  plane.sinks.set('b', sinkStatus('envoy:edge', 6))
  const { terminal, err } = capturedTerminal({ isTerminal: true })
  t.equal(await run(['--plane', plane.address, 'drain', 'crm-00000001', '--reason', 'x', '--wait'], terminal), 0)
  t.match(err(), '\r\u001b[2Krevision 6: 1 of 1 sink (')
  t.match(err().split('\r\u001b[2K').at(-1), /^Revision 6 is proven by envoy:edge after \d+ms\.\n$/)
})

for (const { args, code, err } of [
  { args: ['explain', 'nobody'], code: 4, err: '' },
  { args: ['explain', 'http://a:9/x'], code: 4, err: '' },
  { args: ['explain', 'route', 'api-cmr'], code: 4, err: '' },
  { args: ['explain', 'route', '..'], code: 4, err: '' },
  { args: ['explain', 'api-crn'], code: 4, err: /^No gateway has a route api-crn\. Did you mean api-crm\?\n$/ },
  { args: ['explain', 'route', 'api-crm', '--gateway', 'other'], code: 4, err: '' },
  { args: ['explain', 'route', 'api-crm', '--at', '1h'], code: 2, err: /--at is for instances/ },
  { args: ['explain', '/x', '-H', 'nonsense'], code: 2, err: /expected a header such as/ },
  { args: ['explain', 'GET', 'x y'], code: 2, err: /neither a URL nor a path/ },
  {
    args: ['explain', 'node', 'n-aaaaaaaaaaaa'],
    code: 2,
    err: /neither a URL nor a path\nremedy: .*heddle desired n-aaaaaaaaaaaa/,
  },
  { args: ['explain', 'n-aaaaaaaaaaaa'], code: 4, err: /is a node\. .*heddle desired n-aaaaaaaaaaaa/ },
  { args: ['explain', '北京一号'], code: 4, err: /北京一号 is a node\nremedy: .*heddle desired 北京一号/ },
  { args: ['explain', '没有'], code: 4, err: /there is no instance 没有/ },
  { args: ['drain', 'nobody', '--reason', 'x'], code: 4, err: /there is no instance or node nobody/ },
  {
    args: ['drain', 'crm-', '--reason', 'x'],
    code: 2,
    err: /crm- may be any of 2\nwhy: +instance crm-00000001 \(客户管理\)\n +instance crm/,
  },
  { args: ['instances', '--node', 'nobody'], code: 4, err: /nobody/ },
  { args: ['instances', '--wait', '--timeout', '300ms'], code: 6, err: '' },
  { args: ['sweep', '--datacenter', 'nowhere', '--owner', 'x'], code: 4, err: /There is no datacenter nowhere/ },
  { args: ['deletions', 'approve', '--datacenter', 'nowhere'], code: 4, err: /There is no datacenter nowhere/ },
  {
    args: ['sweep', '--datacenter', 'zervigo-dc', '--owner', 'x', '--apply'],
    code: 5,
    err: /could not sweep zervigo-dc\nwhy: +Records are swept only while .*\nremedy: Run `heddle freeze/,
  },
  { args: ['drain', 'crm-00000001'], code: 2, err: /--reason/ },
  { args: ['drain', 'crm-00000001', '--reason', ' '], code: 2, err: /1 to 500 characters/ },
  { args: ['drain', 'crm-00000001', '--reason', 'x', '--for', '10'], code: 2, err: /Expected a duration/ },
  { args: ['drain', 'crm-00000001', '--reason', 'x', '--as', ''], code: 2, err: /1 to 100 characters/ },
  { args: ['events', '--since', 'soon'], code: 2, err: /ISO 8601/ },
  { args: ['status', 'more'], code: 2, err: /too many arguments/ },
  { args: ['nothing'], code: 2, err: /unknown command/ },
]) {
  t.test(`heddle ${args.join(' ')} ends with ${code} and says why`, async (t) => {
    const result = await heddle(plane, ...args)
    t.equal(result.code, code)
    t.match(result.err, err)
  })
}

t.test('status --check ends with 1 when a sink is behind, and names it; status alone does not', async (t) => {
  const plane = await apiPlane(t, fleet)
  plane.sinks.set('b', sinkStatus('envoy:edge', 2, { state: 'behind' }))
  t.match(await heddle(plane, 'status'), { code: 0, err: '' })
  t.match(await heddle(plane, 'status', '--check'), {
    code: 1,
    err: 'check: envoy:edge is behind\n',
    out: /Heddle i-1/,
  })
  plane.sinks.set('b', sinkStatus('envoy:edge', 5))
  t.match(await heddle(plane, 'status', '--check', '--json'), { code: 0, err: '' })
})

t.test('a sweep that leaves something ends with 1', async (t) => {
  const plane = await apiPlane(t, fleet)
  plane.records.set('old', {
    records: ['node heddle-old-x', 'node heddle-old-y'],
    left: ['node heddle-old-x: changed meanwhile'],
  })
  const sweep = ['sweep', '--datacenter', 'zervigo-dc', '--owner', 'old']
  t.match(await heddle(plane, ...sweep), { code: 0, out: /^2 records of owner old/ })
  await heddle(plane, 'freeze', '--reason', 'x')
  t.match(await heddle(plane, ...sweep, '--apply'), { code: 1, out: /Not removed:\n {2}node heddle-old-x/ })
})

t.test('long histories are read page by page, and a limit holds', async (t) => {
  const plane = await apiPlane(t, fleet)
  for (let at = 0; at < 2_100; at += 1) {
    await plane.record({ kind: 'frozen', reason: String(at) }, { by: 'operator:bo' })
  }
  const count = async (...args: readonly string[]) => {
    const { out, err } = await heddle(plane, 'events', '--json', ...args)
    return { revisions: z.parse(z.array(EventView), JSON.parse(out)).map(({ revision }) => revision), err }
  }
  const all = await count('--since', '0', '--limit', '5000')
  t.strictSame(all, { revisions: Array.from({ length: 2_105 }, (_, at) => at + 1), err: '' })
  t.match(await count('--since', '0'), { revisions: { length: 1_000 }, err: 'There may be more: --since 1000\n' })
  t.match(await count(), { revisions: { length: 100, 99: 2_105 } })
})

t.test('following tells what happens from now on, until the limit or the time is over', async (t: Test) => {
  const plane = await apiPlane(t, fleet)
  const { terminal, out } = capturedTerminal()
  const following = run(['--plane', plane.address, 'events', '--follow', '--limit', '2', '--json'], terminal)
  const freeze = (reason: string) => plane.record({ kind: 'frozen', reason }, { by: 'operator:安娜' })
  // Whether the stream stands cannot be seen from outside, so events go on happening until it shows them.
  await waitFor(async () => (await freeze('one')) && out() !== '', { what: 'the first event', withinMs: 20_000 })
  await freeze('two')
  t.equal(await following, 0)
  const lines = out().trim().split('\n')
  t.equal(lines.length, 2)
  t.match(z.parse(EventView, JSON.parse(lines[0] ?? '')), { kind: 'frozen', by: 'operator:安娜' })

  const timed = await heddle(plane, 'events', '--follow', '--since', '4', '--limit', '1')
  t.match(timed, { code: 0, out: /^5 .*judged/ })
  t.match(await heddle(plane, 'events', '--follow', '--timeout', '200ms'), { code: 0, out: '', err: '' })
})
