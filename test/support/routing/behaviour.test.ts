import t from 'tap'
import { answerOf, type Behaviour, parseSwitch } from './behaviour.ts'

const ok: Behaviour = { mode: 'ok', name: 'basic-server', delayMs: 100 }
const who = { instance: 'a', site: '腾讯' }
const health = { path: '/health', pathname: '/health', method: 'GET', headers: {} }

for (const { mode, status, word } of [
  { mode: 'ok', status: 200, word: 'healthy' },
  { mode: 'slow', status: 200, word: 'healthy' },
  { mode: 'warning', status: 200, word: 'warning' },
  { mode: 'fail', status: 503, word: 'critical' },
] as const) {
  await t.test(`in mode ${mode} its health is ${word}`, async (t) => {
    t.match(answerOf({ ...ok, mode }, who, health), { status, body: { status: word, service: 'basic-server', ...who } })
  })
}

await t.test('any other path is answered with who answers and what was asked', async (t) => {
  const headers = { host: 'example', cookie: 'secret' }
  const asked = { path: '/api/x?y=1', pathname: '/api/x', method: 'POST', headers }
  t.strictSame(answerOf({ ...ok, name: 'other' }, who, asked), {
    status: 200,
    body: { service: 'other', ...who, path: '/api/x?y=1', method: 'POST', headers: { host: 'example' } },
  })
})

for (const { name, text, next } of [
  { name: 'a mode', text: '{"mode":"hang"}', next: { ...ok, mode: 'hang' } },
  { name: 'a name', text: '{"name":"other"}', next: { ...ok, name: 'other' } },
  { name: 'a delay', text: '{"mode":"slow","delayMs":5}', next: { mode: 'slow', name: 'basic-server', delayMs: 5 } },
  { name: 'an unknown mode', text: '{"mode":"explode"}', next: undefined },
  { name: 'a delay in words', text: '{"delayMs":"long"}', next: undefined },
  { name: 'no JSON', text: 'hang', next: undefined },
  { name: 'no object', text: '7', next: undefined },
]) {
  await t.test(`a switch with ${name}`, async (t) => t.strictSame(parseSwitch(ok, text), next))
}
