import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readToken } from '#shared/identity/token.ts'
import { EnrollingPlane } from '#test/support/enrolling.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { newKey } from '#test/support/identity.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { firstToken } from './first-token.ts'

const now = Date.now()

t.test('an installation gets one first token, in a file for its owner, which lets a node in', async (t) => {
  await using folder = await temporaryFolder('first-token')
  await using store = await memoryStore()
  const plane = await EnrollingPlane.open(store, now)
  const pin = plane.authorities.active.id
  const wish = { file: join(folder.path, 'token'), uses: 2, lifetimeMs: 3_600_000, now }
  t.match(await firstToken(store, pin, wish), { file: wish.file })
  t.equal((await stat(wish.file)).mode & 0o777, 0o600)
  const text = await readFile(wish.file, 'utf8')
  t.match(readToken(text), { kind: 'read', token: { pin } })
  t.equal(await firstToken(store, pin, wish), undefined, 'there is one')
  t.equal((await plane.enrol(text, await newKey())).kind, 'issued')
  await store.dropTokens(now + 7_200_000)
  t.equal(await firstToken(store, pin, wish), undefined, 'somebody is in')
})
