import fc from 'fast-check'
import t from 'tap'
import { createLogger } from './logger.ts'
import { readableLine } from './readable-line.ts'

for (const { event, line } of [
  {
    event: { level: 'info', time: '2026-11-22T12:00:01.250Z', name: 'x', node: 'n-7', revision: 3, msg: 'joined' },
    line: '12:00:01.250 info  joined node=n-7 revision=3\n',
  },
  {
    event: { level: 'warn', time: '2026-11-22T12:00:01.250Z', err: { code: 'PORT_TAKEN', message: 'why' }, msg: 'no' },
    line: '12:00:01.250 warn  no: why (PORT_TAKEN)\n',
  },
  { event: { level: 'info', msg: 'a\nb\u001b[31m' }, line: 'info  a b [31m\n' },
]) {
  t.test(`an event is read as ${JSON.stringify(line)}`, async (t) => t.equal(readableLine(JSON.stringify(event)), line))
}

t.test('whatever it is, it stays one line, and what is no event stays as it is', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.jsonValue(), (value) => readableLine(JSON.stringify(value)) !== '')))
  t.equal(readableLine('plain\n'), 'plain\n')
})

t.test('a logger of that format keeps secrets out as ever', async (t) => {
  const lines: string[] = []
  const log = createLogger({ name: 'x', level: 'info', format: 'text' }, { write: (line) => void lines.push(line) })
  log.warn({ token: 'geheim', node: 'a' }, 'said')
  t.match(lines[0], /^[\d:.]{12} warn {2}said token=\[secret\] node=a\n$/)
})
