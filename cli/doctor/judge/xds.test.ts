import t from 'tap'
import { xdsFinding } from './xds.ts'

const status = (code: number) => ({ kind: 'status', code, details: 'because' }) as const

for (const { what, answer, shown, says } of [
  { what: 'lets the node in', answer: status(3), shown: 'certificate', says: /^ok: x lets this node in \(5 ms\)/ },
  { what: 'has no TLS', answer: status(3), shown: 'plain', says: /^ok: x answers without TLS/ },
  { what: 'wants a certificate', answer: status(16), shown: 'none', says: /^ok: x .*wants a certificate/ },
  {
    what: 'does not know the node',
    answer: status(16),
    shown: 'certificate',
    says: /^error: .*step authenticate.*because/,
  },
  {
    what: 'has revoked the node',
    answer: status(7),
    shown: 'certificate',
    says: /^error: .*step authenticate.*because/,
  },
  { what: 'has too much to do', answer: status(8), shown: 'certificate', says: /^warning: .*status 8/ },
  {
    what: 'is no plane',
    answer: { kind: 'other', why: 'it answers 404' },
    shown: 'plain',
    says: /^error: .*it answers 404/,
  },
] as const) {
  t.test(`an xDS that ${what} is told of`, async (t) => {
    const { level, text, remedy } = xdsFinding(answer, { what: 'x', tookMs: 5, shown })
    t.match(`${level}: ${text}`, says)
    t.equal(remedy !== undefined, level !== 'ok')
  })
}
