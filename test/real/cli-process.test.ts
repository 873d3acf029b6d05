import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { apiPlane } from '#test/support/api-plane.ts'
import { projectFolder } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

const program = join(projectFolder, 'cli/heddle.ts')
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
const plane = await apiPlane(t, [{ kind: 'node-joined', node }])
const env = { ...process.env, HEDDLE_PLANE: plane.address }

async function shell(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = promisify(execFile)('/bin/sh', ['-c', command, 'sh', process.execPath, program], { env })
  return child.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

t.test('a script reads JSON from standard output and the exit code', async (t) => {
  const { code, stdout, stderr } = await shell('"$1" "$2" nodes --json')
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  t.match(JSON.parse(stdout), [{ name: '北京一号' }])
  t.match(await shell('"$1" "$2" explain nobody --json'), { code: 4 })
  t.match(await shell('HEDDLE_PLANE=http://127.0.0.1:1 "$1" "$2" status'), {
    code: 3,
    stdout: '',
    stderr: /ECONNREFUSED/,
  })
  t.match(await shell('HEDDLE_PLANE=here "$1" "$2" status'), { code: 2, stderr: /HEDDLE_PLANE is here/ })
  t.match(await shell('"$1" "$2" --plane here status'), { code: 2 })
})

t.test('a reader that goes away ends a command without a complaint', async (t) => {
  let ended = false
  const following = shell('{ "$1" "$2" events --follow --since 0; echo "$?" >&2; } | head -n 1').finally(() => {
    ended = true
  })
  // Only who writes notices that the reader is gone, so events go on happening.
  await waitFor(async () => (await plane.record({ kind: 'frozen', reason: 'x' }, { by: 'operator:a' })) && ended, {
    what: 'the end of the pipe',
    withinMs: 10_000,
  })
  const { code, stdout, stderr } = await following
  t.match({ code, stdout }, { code: 0, stdout: /^1 .*node-joined.*\n$/ })
  t.equal(stderr, '0\n')
})

for (const { signal, args, code } of [
  { signal: 'SIGINT', args: ['events', '--follow', '--since', '0'], code: 0 },
  { signal: 'SIGTERM', args: ['events', '--follow', '--since', '0'], code: 0 },
] as const) {
  t.test(`${signal} ends following with ${code}`, async (t) => {
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    await waitFor(() => out.includes('node-joined'), { what: 'the first event', withinMs: 10_000 })
    const exited = once(child, 'exit')
    child.kill(signal)
    t.strictSame(await exited, [code, null])
  })
}

t.test('SIGINT and SIGTERM end waiting as shells expect', async (t) => {
  plane.sinks.set('a', {
    name: 'envoy:edge',
    kind: 'envoy',
    mode: 'apply',
    state: 'behind',
    proven: undefined,
    remarks: [],
    figures: {},
  })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const child = spawn(process.execPath, [program, 'thaw', '--wait'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    t.teardown(() => child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    await once(child.stdout, 'data')
    child.kill(signal)
    t.strictSame(await exited, [code, null], signal)
    t.equal(err, '')
  }
})
