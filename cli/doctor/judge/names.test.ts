import t from 'tap'
import { nameFinding, resolverFindings } from './names.ts'

for (const { name, resolved, says } of [
  {
    name: 'db',
    resolved: { kind: 'found', addresses: ['10.0.0.3'], tookMs: 2 },
    says: { level: 'ok', text: 'db is 10.0.0.3 (2 ms)' },
  },
  {
    name: 'db',
    resolved: { kind: 'found', addresses: ['10.0.0.3'], tookMs: 5_010 },
    says: { level: 'warning', text: /took 5010 ms/ },
  },
  {
    name: 'db',
    resolved: { kind: 'not-found', code: 'ENOTFOUND', tookMs: 1 },
    says: { level: 'error', remedy: /Correct the name/ },
  },
  {
    name: 'db.service.consul',
    resolved: { kind: 'not-found', code: 'ENOTFOUND', tookMs: 1 },
    says: { level: 'error', remedy: /port 8600/ },
  },
  {
    name: 'db',
    resolved: { kind: 'no-answer', afterMs: 3_000 },
    says: { level: 'error', text: /no resolver answers for db within 3 s/ },
  },
] as const) {
  t.test(`${name} that is ${JSON.stringify(resolved)} is told so`, async (t) =>
    t.match(nameFinding(name, resolved), says),
  )
}

for (const { text, says } of [
  { text: 'nameserver 10.0.0.1\n', says: [] },
  {
    text: 'nameserver 10.0.0.1\nsearch a b c\noptions ndots:5\n',
    says: [/fewer than 5 dots .* 3 domains first \(a, b, c\)/],
  },
  { text: 'search a b\n', says: [] },
  { text: ['1', '2', '3', '4'].map((n) => `nameserver 10.0.0.${n} # x`).join('\n'), says: [/4 resolvers/] },
  { text: '', says: [] },
]) {
  t.test(`${JSON.stringify(text.slice(0, 40))} has ${says.length} findings`, async (t) => {
    t.match(
      resolverFindings(text).map((found) => found.text),
      says,
    )
    t.equal(resolverFindings(text).length, says.length)
  })
}
