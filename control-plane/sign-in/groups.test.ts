import fc from 'fast-check'
import t from 'tap'
import { type Role, roles } from '#shared/access/permissions.ts'
import { OidcConfig } from './config.ts'
import { groupsIn, nameIn, roleOf } from './groups.ts'

t.test('nobody is an admin unless one of his groups is said to make one', async (t) => {
  const group = fc.oneof(fc.constantFrom('admin', 'admins', '__proto__', 'constructor', 'ops'), fc.string())
  const map = fc.dictionary(group, fc.constantFrom<Role>(...roles))
  fc.assert(
    fc.property(fc.array(group), map, (groups, map) => {
      const given = groups.filter((each) => Object.hasOwn(map, each)).map((each) => map[each])
      return roleOf(groups, map) === roles.find((role) => given.includes(role))
    }),
  )
  t.equal(roleOf(['admin'], { ops: 'admin' }), undefined)
})

t.test('groups are a list of texts, or one text', async (t) => {
  t.strictSame(groupsIn(['a', 1, null, 'b']), ['a', 'b'])
  t.strictSame(groupsIn('a b'), ['a b'])
  for (const claim of [undefined, null, 7, {}, '', { a: true }]) t.strictSame(groupsIn(claim), [])
})

t.test('what somebody is called can be shown anywhere', async (t) => {
  t.equal(nameIn({ preferred_username: '安娜 <b>' }, 's'), '安娜_b_')
  t.equal(nameIn({ email: 'a@b.c', name: 7 }, 's'), 'a@b.c')
  t.equal(nameIn({ name: '***' }, 's-1'), 's-1')
  t.equal(nameIn({}, '***'), '_')
  t.equal(nameIn({ name: 'x'.repeat(999) }, 's').length, 64)
})

for (const { title, more, path } of [
  { title: 'a provider in plain HTTP', more: { issuer: 'http://idp.example' }, path: 'issuer' },
  { title: 'an issuer with a query', more: { issuer: 'https://idp.example?a=b' }, path: 'issuer' },
  { title: 'no group', more: { roles: {} }, path: 'roles' },
  { title: 'a role that is none', more: { roles: { a: 'root' } }, path: 'roles.a' },
]) {
  t.test(`${title} is refused`, async (t) => {
    const whole = { issuer: 'https://idp.example', client_id: 'h', client_secret_file: '/s', roles: { a: 'viewer' } }
    t.ok(OidcConfig.safeParse(whole).success)
    t.ok(OidcConfig.safeParse({ ...whole, ...more }).error?.issues.some((issue) => issue.path.join('.') === path))
  })
}
