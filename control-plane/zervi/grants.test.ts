import fc from 'fast-check'
import t from 'tap'
import { type Permission, permissions, permissionsOf } from '#shared/access/permissions.ts'
import { ZerviConfig } from './config.ts'
import { grantsOf, vouchable } from './grants.ts'

const never = /^(tokens|users|identity|audit|store|tenants|environments):/

t.test(
  'whatever another system says, and whatever it is said to mean, nobody is more than an operator by it',
  async (t) => {
    const name = fc.oneof(
      fc.constantFrom('service:register', 'admin', '*', 'tokens:write', '__proto__', 'constructor', 'toString'),
      fc.string(),
    )
    const meanings = fc.dictionary(name, fc.array(fc.constantFrom<Permission>(...permissions)))
    fc.assert(
      fc.property(fc.array(name), meanings, (held, means) => {
        const granted = grantsOf(held, means)
        const wanted = new Set(held.flatMap((each) => (Object.hasOwn(means, each) ? (means[each] ?? []) : [])))
        return (
          granted.every((each) => permissionsOf.operator.includes(each) && !never.test(each) && wanted.has(each)) &&
          new Set(granted).size === granted.length &&
          [...wanted].every((each) => !vouchable.has(each) || granted.includes(each))
        )
      }),
    )
    t.pass()
  },
)

t.test('everything that may be vouched for is an operator’s', async (t) => {
  for (const each of vouchable) t.ok(permissionsOf.operator.includes(each), each)
  for (const each of permissions.filter((permission) => never.test(permission))) t.notOk(vouchable.has(each), each)
})

for (const { title, settings, path } of [
  { title: 'plain HTTP beyond this machine', settings: { url: 'http://zervi.example' }, path: 'url' },
  { title: 'no authority', settings: { url: 'https://zervi.example' }, path: 'ca_file' },
  {
    title: 'a meaning that makes an admin',
    settings: { url: 'http://127.0.0.1:9000', permissions: { x: ['tokens:write'] } },
    path: 'permissions.x.0',
  },
  { title: 'an answer that counts for long', settings: { url: 'http://127.0.0.1:9000', cache: '2m' }, path: 'cache' },
]) {
  t.test(`${title} is refused`, async (t) => {
    const read = ZerviConfig.safeParse(settings)
    t.ok(read.error?.issues.some((issue) => issue.path.join('.') === path))
  })
}

t.test('what it means is said unless somebody says it otherwise', async (t) => {
  const { permissions: meanings, cache, verify_path } = ZerviConfig.parse({ url: 'http://localhost:9000' })
  t.strictSame([cache, verify_path], [60_000, '/api/auth/verify'])
  t.strictSame(grantsOf(['service:register'], meanings), ['registry:read', 'registry:write'])
  t.strictSame(grantsOf(['service:unknown'], meanings), [])
})
