import t from 'tap'
import { nodeCertificateFinding } from './node-certificate.ts'

const day = 86_400_000
const now = Date.parse('2026-06-15T12:00:00Z')
const well = { node: 'n-a', installation: 'i-1', from: now - day, to: now + day, isOfKey: true, isTrusted: true }

for (const { what, seen, says } of [
  { what: 'that holds', seen: well, says: /^ok: the certificate of n-a .*i-1.* holds until 2026-06-16 12:00/ },
  {
    what: 'that ended lately',
    seen: { ...well, to: now - day },
    says: /^error: .*has ended on 2026-06-14 12:00 → .*renews it/,
  },
  { what: 'that ended long ago', seen: { ...well, to: now - 31 * day }, says: /^error: .*too long ago.* → .*enroll/ },
  { what: 'of the future', seen: { ...well, from: now + day }, says: /^error: .*counts only from .* → Set the clock/ },
  { what: 'of another key', seen: { ...well, isOfKey: false }, says: /^error: .*not of the key .* → .*enroll/ },
  { what: 'of another authority', seen: { ...well, isTrusted: false }, says: /^warning: .*none of the authorities/ },
  { what: 'that is none', seen: undefined, says: /^error: what lies in \/x is no certificate/ },
] as const) {
  t.test(`a certificate ${what} is told of`, async (t) => {
    const { level, text, remedy } = nodeCertificateFinding(seen, { where: '/x', now })
    t.match(`${level}: ${text} → ${remedy}`, says)
  })
}
