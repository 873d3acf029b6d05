import { readFile } from 'node:fs/promises'
import t from 'tap'
import { permissions, permissionsOf } from '#shared/access/permissions.ts'

t.test('docs/access.md has every permission, and who has it', async (t) => {
  const page = await readFile(new URL('../../docs/access.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+:\w+)` \| (yes)? ?\| (yes)? ?\| (yes)? ?\|/gm)]
  t.strictSame(
    rows.map(([, permission]) => permission),
    permissions,
  )
  for (const [, permission, viewer, operator, admin] of rows) {
    const has = (role: 'viewer' | 'operator' | 'admin') => permissionsOf[role].some((each) => each === permission)
    t.strictSame(
      [viewer, operator, admin].map((word) => word === 'yes'),
      [has('viewer'), has('operator'), has('admin')],
      `${permission}`,
    )
  }
})
