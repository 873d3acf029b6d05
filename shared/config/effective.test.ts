import t from 'tap'
import * as z from 'zod/mini'
import { durationText, effectiveSettings, effectiveText } from './effective.ts'
import { duration } from './fields.ts'
import { type LayeredResult, readLayered } from './read.ts'

const Config = z.strictObject({
  mode: z.optional(z.string()),
  every: z._default(duration(), 90_000),
  count: z._default(z.int(), 60_000),
  names: z._default(z.array(z.string()), []),
  link: z.optional(z.string()),
  db_password: z.optional(z.string()),
  token_file: z.optional(z.string()),
  items: z._default(z.array(z.strictObject({ name: z.string(), wait: z._default(duration(), 1_000) })), []),
  api: z.prefault(z.strictObject({ port: z._default(z.int(), 80), level: z._default(z.string(), 'info') }), {}),
})

function shown(text: string, environment: Record<string, string> = {}) {
  const read: LayeredResult<z.output<typeof Config>> = readLayered(Config, text, 'it.yaml', environment, {
    assume: ({ mode }) => (mode === 'big' ? [{ path: 'api.level', value: 'debug', from: 'mode big' }] : []),
  })
  if (!('said' in read)) throw new Error(JSON.stringify(read.problems))
  return effectiveSettings(Config, read).map(({ path, value, source }) => `${path}=${value} (${source})`)
}

t.test('every setting is told as it holds, with whose word it is', async (t) => {
  t.strictSame(shown('mode: big\nevery: 5s\nitems:\n  - name: a\n', { HEDDLE_API__PORT: '81' }), [
    'mode=big (it.yaml:1)',
    'every=5s (it.yaml:2)',
    'count=60000 (default)',
    'names=[] (default)',
    'items[0].name=a (it.yaml:4)',
    'items[0].wait=1s (default)',
    'api.port=81 (HEDDLE_API__PORT)',
    'api.level=debug (mode big)',
  ])
})

t.test('what somebody says counts before what a mode assumes, wherever it is said', async (t) => {
  t.ok(shown('mode: big\napi: {level: warn}').includes('api.level=warn (it.yaml:2)'))
  t.ok(shown('mode: big', { HEDDLE_API__LEVEL: 'error' }).includes('api.level=error (HEDDLE_API__LEVEL)'))
})

t.test('a secret is never shown, the file in which it is is', async (t) => {
  const lines = shown('link: "postgres://me:geheim@db/x"\ndb_password: geheim\ntoken_file: /etc/x.token\n').join('\n')
  t.notMatch(lines, /geheim/)
  t.match(lines, /link=\[secret\].*\n.*db_password=\[secret\].*\n.*token_file=\/etc\/x\.token/)
})

t.test('lines stand in columns', async (t) => {
  const text = effectiveText([
    { path: 'a', value: '1', source: 'default' },
    { path: 'api.port', value: '8888', source: 'it.yaml:2' },
  ])
  t.equal(text, '  a         1     default\n  api.port  8888  it.yaml:2\n')
})

for (const { ms, text } of [
  { ms: 0, text: '0ms' },
  { ms: 250, text: '250ms' },
  { ms: 90_000, text: '90s' },
  { ms: 3_600_000, text: '1h' },
  { ms: 604_800_000, text: '7d' },
]) {
  t.test(`${ms} ms are ${text}`, async (t) => t.equal(durationText(ms), text))
}
