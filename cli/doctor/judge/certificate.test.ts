import t from 'tap'
import { judgeCertificate } from './certificate.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const day = 86_400_000
const good = {
  from: now - day,
  to: now + 90 * day,
  names: 'DNS:plane.internal, IP Address:10.0.0.2',
  refused: undefined,
}

for (const { what, seen, level, says } of [
  { what: 'that is good', seen: {}, level: 'ok', says: undefined },
  { what: 'that has ended', seen: { to: now - 1 }, level: 'error', says: /ended on 2026-11-22 11:59/ },
  { what: 'that is still to come', seen: { from: now + day }, level: 'error', says: /only from 2026-11-23/ },
  {
    what: 'that ends soon',
    seen: { to: now + 3 * day, from: now - 87 * day },
    level: 'warning',
    says: /ends on 2026-11-25/,
  },
  {
    what: 'of a node, which renews itself',
    seen: { to: now + day / 2, from: now - day / 2 },
    level: 'ok',
    says: undefined,
  },
  {
    what: 'for another name',
    seen: { refused: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    level: 'error',
    says: /not for other\.internal, but for DNS:plane\.internal, IP Address:10\.0\.0\.2$/,
  },
  { what: 'that nobody believes', seen: { refused: 'SELF_SIGNED_CERT_IN_CHAIN' }, level: 'error', says: /SELF_SIGNED/ },
  {
    what: 'that has ended and is not believed',
    seen: { to: now - 1, refused: 'CERT_HAS_EXPIRED' },
    level: 'error',
    says: /ended/,
  },
]) {
  t.test(`a certificate ${what} is ${level}`, async (t) => {
    const judged = judgeCertificate({ ...good, ...seen }, { host: 'other.internal', now })
    t.equal(judged.level, level)
    if (says && 'text' in judged) t.match(judged.text, says)
  })
}

t.test('of a hundred names some are told', async (t) => {
  const names = Array.from({ length: 100 }, (_, n) => `DNS:n${n}`).join(', ')
  const judged = judgeCertificate({ ...good, names, refused: 'ERR_TLS_CERT_ALTNAME_INVALID' }, { host: 'x', now })
  t.match(judged, { text: /DNS:n3 and 96 more$/ })
})
