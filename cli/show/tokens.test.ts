import t from 'tap'
import type { TokenView } from '#shared/access/api.ts'
import { plain } from './style.ts'
import { showMade, showRevoked, showTokens, showWho } from './tokens.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')
const style = { paint: plain, now }
const token: TokenView = {
  ...{ id: 'abcdefghij', kind: 'token', name: '安娜', role: 'admin', permissions: ['fleet:read'], tenant: null },
  ...{ author: 'open', created_at: '2026-11-21T11:00:00.000Z', expires_at: '2027-02-19T11:00:00.000Z' },
  ...{ ended_at: null, last_used_at: null, counts: true },
}

t.test('tokens are shown with who has them and until when, never with their secrets', async (t) => {
  t.equal(showTokens([], style), 'No token was made yet.')
  const text = showTokens(
    [
      token,
      {
        ...token,
        id: 'b',
        role: null,
        permissions: ['registry:read', 'registry:write'],
        last_used_at: '2026-11-21T11:59:00.000Z',
      },
      { ...token, id: 'c', kind: 'first', counts: false, expires_at: '2026-11-20T11:00:00.000Z' },
      { ...token, id: 'd', ended_at: '2026-11-21T11:30:00.000Z', counts: false, tenant: 'acme' },
    ],
    style,
  )
  t.match(text, /abcdefghij +安娜 +admin +- +open +1h +2027-02-19 +never/)
  t.match(text, /registry:read registry:write/)
  t.match(text, /make one token .* expired 2026-11-20/)
  t.match(text, /acme .* taken back/)
})

t.test('a token that was made is shown once, or where it is', async (t) => {
  t.match(showMade({ ...token, token: 'hdlt1.x.y' }, style), /^hdlt1\.x\.y\n.*not shown again/)
  t.match(showMade(token, style, '/root/t'), /HEDDLE_TOKEN_FILE=\/root\/t/)
  t.match(showRevoked({ ...token, ended_at: 'then' }), 'counts no more, since then')
})

t.test('who somebody is, and that nobody has to be anybody, is said', async (t) => {
  const who = { kind: 'token', name: 'token:anna', role: null, permissions: ['fleet:read' as const], tenant: 'acme' }
  t.equal(showWho({ ...who, required: true }), 'token:anna: fleet:read, bound to the tenant acme.')
  t.match(
    showWho({ ...who, kind: 'open', tenant: null, required: false }),
    /^Nobody in particular: .*anybody may do everything/,
  )
})
