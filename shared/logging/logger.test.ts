import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../failure/failure.ts'
import { createLogger, describeError, type LogLevel, logLevels, secretFields, warn } from './logger.ts'

function logged(level: LogLevel = 'info') {
  const lines: string[] = []
  const log = createLogger({ name: 'test', level }, { write: (line) => void lines.push(line) })
  return { log, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') }
}

t.test('an event is one line of JSON with name, level in words and time in UTC', async (t) => {
  const { log, lines, last } = logged()
  log.info({ node: '节点一', text: 'a\nb' }, 'joined')
  t.equal(lines.length, 1)
  t.match(lines[0], /^\{.*\}\n$/)
  t.match(last(), { level: 'info', name: 'test', node: '节点一', text: 'a\nb', msg: 'joined' })
  t.match(last().time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(lines[0]?.match(/"name"/g)?.length, 1)
})

t.test('a secret never reaches a log, at the top and two levels down', async (t) => {
  const field = fc.constantFrom(...secretFields)
  const wrap = fc.constantFrom(
    (value: object) => value,
    (value: object) => ({ headers: value }),
    (value: object) => ({ request: { headers: value } }),
    (value: object) => ({ list: [value] }),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(field, wrap, (name, wrap) => {
        const { log, lines } = logged()
        log.warn(wrap({ [name]: 'geheim', other: 'seen' }), 'x')
        return !lines[0]?.includes('geheim') && lines[0]?.includes('"[secret]"') && lines[0].includes('seen')
      }),
    ),
  )
})

t.test('a secret that a child logger is bound to is hidden too', async (t) => {
  const { log, lines } = logged()
  log.child({ token: 'geheim', datacenter: 'dc' }).info('x')
  t.match(lines[0], /"datacenter":"dc"/)
  t.notMatch(lines[0], /geheim/)
})

t.test('what was logged is not changed by it', async (t) => {
  const { log } = logged()
  const settings = { token: 'geheim', inner: { password: 'geheim' } }
  log.info(settings, 'x')
  t.strictSame(settings, { token: 'geheim', inner: { password: 'geheim' } })
})

t.test('an error is told with its causes, its code and its remedy, without a stack', async (t) => {
  const { log, last } = logged()
  const failure = new Failure('PORT_TAKEN', '8888 is taken', { cause: new Error('by nginx'), remedy: 'Stop nginx.' })
  warn(log, 'starting')(failure)
  t.match(last(), { level: 'warn', msg: 'starting' })
  t.strictSame(last().err, { code: 'PORT_TAKEN', message: '8888 is taken: by nginx', remedy: 'Stop nginx.' })
  t.strictSame(describeError(new TypeError('x')), { message: 'x' })
  t.strictSame(describeError('thrown'), { message: 'thrown' })
})

t.test('nothing below the level is written', async (t) => {
  for (const level of logLevels) {
    const { log, lines } = logged(level)
    for (const name of logLevels) if (name !== 'silent') log[name]('x')
    t.equal(lines.length, logLevels.length - 1 - logLevels.indexOf(level), level)
  }
})
