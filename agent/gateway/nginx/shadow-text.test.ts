import t from 'tap'
import { fits, includesOf, includeText, replaced, withOwnPid } from './shadow-text.ts'

for (const { pattern, name, yes } of [
  { pattern: '*.conf', name: 'heddle-a.conf', yes: true },
  { pattern: '*.conf', name: '.heddle-a.conf', yes: false },
  { pattern: '*', name: 'heddle-a.conf', yes: true },
  { pattern: 'heddle-?.conf', name: 'heddle-a.conf', yes: true },
  { pattern: 'heddle-?.conf', name: 'heddle-ab.conf', yes: false },
  { pattern: 'heddle-[a-c].conf', name: 'heddle-b.conf', yes: true },
  { pattern: 'heddle-[!a-c].conf', name: 'heddle-b.conf', yes: false },
  { pattern: 'heddle.conf', name: 'heddlexconf', yes: false },
  { pattern: '[', name: '[', yes: true },
]) {
  t.test(`${pattern} ${yes ? 'takes' : 'leaves'} ${name}`, async (t) => t.equal(fits(name, pattern), yes))
}

t.test('a rewritten file keeps its lines', async (t) => {
  const text = 'user a;\nhttp {\n  include conf.d/*.conf; # all\n  include mime.types;\n}\n'
  const [first] = includesOf(text)
  t.equal(first?.pattern, 'conf.d/*.conf')
  const { start = 0, end = 0 } = first ?? {}
  t.equal(
    replaced(text, [{ start, end, text: includeText(['/a b/1', '/2"']) }, ...withOwnPid(text, '/s/pid')]),
    'pid "/s/pid"; user a;\nhttp {\n  include "/a b/1"; include "/2\\""; # all\n  include mime.types;\n}\n',
  )
})

t.test('the pid file of the running Nginx is replaced, not doubled', async (t) => {
  const text = 'user a; pid /run/nginx.pid;\nevents {}'
  t.equal(replaced(text, withOwnPid(text, '/s/pid')), 'user a; pid "/s/pid";\nevents {}')
})
