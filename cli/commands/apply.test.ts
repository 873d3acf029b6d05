import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AppliedView, VersionView } from '#shared/protocol/routing-api.ts'
import { apiPlane } from '#test/support/api-plane.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { run } from '../program.ts'

const withinMs = 20_000
const text = (service: string) => `gateways:
  a: { proxy: envoy, listeners: [{ port: 1 }] }
  b: { proxy: nginx, listeners: [{ port: 2 }] }
routes: [{ prefix: /x, service: ${service}, path: keep }]
`

async function setUp(t: Test) {
  const { address, gatewaysSay } = await apiPlane(t, [])
  const folder = await temporaryFolder('apply')
  t.teardown(() => folder[Symbol.asyncDispose]())
  const path = join(folder.path, 'routes.yaml')
  const write = (service: string) => writeFile(path, text(service))
  const stop = new AbortController()
  const begin = (...args: readonly string[]) => {
    const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: address }, stop: stop.signal })
    return { ended: run(args, terminal), out, err }
  }
  const heddle = async (...args: readonly string[]) => {
    const { ended, out, err } = begin(...args)
    return { code: await ended, out: out(), err: err() }
  }
  const prove = (number: number) => {
    for (const gateway of ['a', 'b'])
      gatewaysSay.set(gateway, { given: number, proven: number, rejected: [], remarks: [] })
  }
  return { path, folder: folder.path, write, begin, heddle, prove, stop, gatewaysSay }
}

await t.test('whoever stops watching is told that it goes on, how to follow it, and how to take it back', async (t) => {
  const { path, write, begin, heddle, stop } = await setUp(t)
  await write('one')
  t.match(await heddle('apply', path, '--comment', 'first'), { code: 0, out: /Version 1 holds \(anna/ })
  await write('two')
  const watched = begin('apply', path, '--comment', 'second', '--stages', 'b', '--wait')
  await waitFor(() => /stage 1 of 2 \(b\); b has not proven it/.test(watched.err()), { what: 'its progress', withinMs })
  stop.abort('SIGINT')
  t.equal(await watched.ended, 130)
  t.match(
    watched.err(),
    /Version 2 goes on: follow it with `heddle apply --follow`, take it back with `heddle apply --abort`\./,
  )
})

await t.test('what is on its way is followed to its end, or taken back', async (t) => {
  const { path, write, begin, heddle, prove } = await setUp(t)
  t.match(await heddle('apply', '--follow'), { code: 4, err: /no version is on its way/ })
  t.match(await heddle('apply', '--abort'), { code: 5, err: /NOTHING_UNDERWAY/ })
  await write('one')
  await heddle('apply', path, '--comment', 'first')
  await write('two')
  t.match(await heddle('apply', path, '--comment', 'second', '--canary'), { code: 0, err: /Version 2 is on its way/ })
  t.match(await heddle('apply', path, '--comment', 'third'), { code: 5, err: /APPLY_UNDERWAY/ })
  t.match(await heddle('apply', '--follow', '--timeout', '500ms'), { code: 6, out: /Version 2 is staged/ })
  const followed = begin('apply', '--follow', '--json')
  await waitFor(() => /stage 1/.test(followed.err()), { what: 'its progress', withinMs })
  prove(2)
  t.equal(await followed.ended, 0)
  t.match(JSON.parse(followed.out()) as AppliedView, { version: { number: 2, state: 'applied', holds: true } })
  await write('three')
  await heddle('apply', path, '--comment', 'third')
  const aborted = await heddle('apply', '--abort', '--comment', 'wrong day', '--author', 'bob')
  t.match(aborted, { code: 0, out: /Version 3 is halted.*why: aborted by bob: wrong day/s })
})

await t.test('a version that holds at once is waited for until every gateway has proven it', async (t) => {
  const { path, write, begin, heddle, prove, gatewaysSay } = await setUp(t)
  await write('one')
  const late = await heddle('apply', path, '--comment', 'first', '--wait', '--timeout', '700ms')
  t.match(late, { code: 6, out: /Version 1 holds/, err: /Version 1 holds, but a has not proven it\.\n.*but b has not/ })
  const again = begin('apply', path, '--comment', 'first', '--wait')
  await waitFor(() => again.out() !== '', { what: 'the version', withinMs })
  prove(1)
  t.equal(await again.ended, 0)
  gatewaysSay.set('a', { given: 1, proven: undefined, rejected: ['routes.yaml:4: no'], remarks: [] })
  t.match(await heddle('apply', path, '--comment', 'first', '--wait'), {
    code: 1,
    err: /Version 1 holds, but a rejects a part of it: routes\.yaml:4: no\./,
  })
})

await t.test('a rejection ends with 1, and the reason is told by history too', async (t) => {
  const { path, write, begin, heddle, gatewaysSay } = await setUp(t)
  await write('one')
  await heddle('apply', path, '--comment', 'first')
  await write('two')
  const { ended, out, err } = begin('apply', path, '--comment', 'second', '--wait')
  await waitFor(() => /stage 1/.test(err()), { what: 'its progress', withinMs })
  gatewaysSay.set('a', { given: 2, proven: undefined, rejected: ['routes.yaml:4: no'], remarks: [] })
  t.equal(await ended, 1)
  t.match(out(), /Version 2 is halted.*halted {3}all: a and b.*why: a: routes\.yaml:4: no/s)
  t.match(await heddle('history'), { code: 0, out: /2 +halted.*1 +holds.*2: a: routes\.yaml:4: no/s })
  t.match(JSON.parse((await heddle('history', '--json', '--limit', '1')).out) as VersionView[], [{ number: 2 }])
  t.match(await heddle('history', '1'), { out: /Version 1 holds.*--- routes\.yaml\ngateways:/s })
  t.match(await heddle('diff', '1', '2'), { out: /~ route x {2}routes\.yaml:4\n +action\.choices:/ })
})

await t.test('what cannot be applied is told with every place, and nothing is asked of gateways', async (t) => {
  const { path, folder, heddle } = await setUp(t)
  await writeFile(path, `${text('one')}nonsense: 1\nservices: { one: { balance: x } }\n`)
  for (const command of ['plan', 'validate', 'apply --comment x']) {
    const { code, out, err } = await heddle(...command.split(' '), path)
    t.equal(code, 1, command)
    t.match(out + err, /2 problems; nothing can be applied\.\n.*routes\.yaml:6 services\.one\.balance: /, command)
  }
  t.match(await heddle('validate', path, '--json'), { code: 1, out: /"line": 5/ })
  t.match(await heddle('history'), { out: 'There is no version of the declaration yet.\n' })
  t.match(await heddle('apply', path), { code: 2, err: /--comment/ })
  t.match(await heddle('apply', '--comment', 'x'), { code: 2, err: /which file or folder/ })
  t.match(await heddle('apply', path, '--comment', 'x', '--stages', 'a,,b'), { code: 2 })
  t.match(await heddle('apply', path, '--comment', 'x', '--max-errors', '101'), { code: 2 })
  t.match(await heddle('plan', join(folder, 'nowhere')), { code: 1, err: /CONFIG_UNREADABLE/ })
  await mkdir(join(folder, 'empty'))
  t.match(await heddle('validate', join(folder, 'empty')), { code: 1, err: /has no \.yaml or \.yml file/ })
})

await t.test('plan, routes and schema are for people and for scripts', async (t) => {
  const { path, write, heddle } = await setUp(t)
  await write('one')
  t.match(await heddle('validate', path), {
    code: 0,
    out: '1 file with 2 gateways and 2 routes of theirs: nothing is wrong.\n',
  })
  t.match(await heddle('plan', path), {
    code: 0,
    out: /2 gateways would change \(no version holds yet\).*\+ route x.*gateways {3}a and b/s,
  })
  t.match(await heddle('routes'), { code: 0, out: 'No gateway is declared.\n' })
  await heddle('apply', path, '--comment', 'first')
  t.match(await heddle('plan', path), { out: 'Nothing would change (compared with version 1).\n' })
  const routes = () => heddle('routes', 'a')
  await waitFor(routes, { what: 'the table', withinMs, until: ({ code }) => code === 0 })
  t.match(await routes(), { out: /a \(envoy\), version 1.*x +prefix \/x +one +keep +open +0 .*routes\.yaml:4/s })
  t.match(await heddle('routes', 'nobody'), { code: 4 })
  t.match(JSON.parse((await heddle('schema')).out), { type: 'object', properties: { routes: { description: String } } })
})
