import { runInNewContext } from 'node:vm'
import t from 'tap'
import { signInScript } from './assets.ts'

const told = { working: 'working', refused: 'refused', failed: 'failed', again: 'again' }

/** Runs the page's script as a browser does; what it did, in order. */
async function run(hash: string, status: number | undefined) {
  const done: unknown[] = []
  const said = { textContent: '', dataset: told }
  runInNewContext(signInScript, {
    location: { hash, pathname: '/sign-in', replace: (to: string) => done.push(['go', to]) },
    history: { replaceState: (_state: unknown, _title: string, to: string) => done.push(['address', to]) },
    document: { getElementById: (id: string) => (id === 'said' ? said : undefined) },
    fetch: async (url: string, { method, body }: { readonly method: string; readonly body: string }) => {
      done.push([method, url, JSON.parse(body)])
      if (status === undefined) throw new Error('nobody answers')
      return { ok: status === 200, status }
    },
  })
  await new Promise(setImmediate)
  return { done, said: said.textContent }
}

t.test('a link is taken out of the address, and then given to the plane, once', async (t) => {
  t.strictSame((await run('#hdll1.a.b', 200)).done, [
    ['address', '/sign-in'],
    ['POST', '/sign-in/link', { token: 'hdll1.a.b' }],
    ['go', '/sign-in'],
  ])
})

for (const { status, said } of [
  { status: 403, said: 'refused' },
  { status: 429, said: 'again' },
  { status: 503, said: 'failed' },
  { status: undefined, said: 'failed' },
]) {
  t.test(`where the plane answers ${status} it is told: ${said}`, async (t) => {
    t.equal((await run('#hdll1.a.b', status)).said, said)
  })
}

t.test('without a link nothing happens', async (t) => {
  for (const hash of ['', '#', '#top', '#hdlt1.a.b']) t.strictSame(await run(hash, 200), { done: [], said: '' })
})
