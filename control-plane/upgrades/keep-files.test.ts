import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pieceBytes } from '#shared/protocol/upgrade.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { ReleaseFiles } from './keep-files.ts'

const content = randomBytes(pieceBytes + 1_000)
const release = { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }

t.test(
  'a file comes in pieces, goes on where it broke off, and counts once it is whole and what was signed',
  async (t) => {
    await using folder = await temporaryFolder('releases')
    const files = new ReleaseFiles(join(folder.path, 'files'))
    t.equal(await files.here(release), 0)
    t.equal(await files.add(release, 0, content.subarray(0, 400)), 400)
    t.equal(await files.read(release.sha256, 0), undefined, 'what is not whole is not given')
    const again = new ReleaseFiles(join(folder.path, 'files'))
    t.equal(await again.here(release), 400)
    t.equal(await again.add(release, 0, content.subarray(0, 400)), 400, 'what is there already changes nothing')
    await t.rejects(again.add(release, 500, content.subarray(500, 600)), { code: 'RELEASE_PIECE' })
    await t.rejects(again.add(release, 400, Buffer.alloc(pieceBytes + 1)), { code: 'RELEASE_PIECE' })
    t.equal(await again.add(release, 400, content.subarray(400, pieceBytes)), pieceBytes)
    t.equal(await again.add(release, pieceBytes, content.subarray(pieceBytes)), content.length)
    t.strictSame(await again.read(release.sha256, 0), content.subarray(0, pieceBytes))
    t.strictSame(await again.read(release.sha256, pieceBytes), content.subarray(pieceBytes))
    t.equal(await again.read(release.sha256, content.length), undefined)
    await again.keepOnly(new Set([release.sha256]))
    t.strictSame(await readdir(join(folder.path, 'files')), [release.sha256])
    await again.keepOnly(new Set())
    t.strictSame(await readdir(join(folder.path, 'files')), [])
  },
)

t.test('of another file than was signed nothing is kept', async (t) => {
  await using folder = await temporaryFolder('releases')
  const files = new ReleaseFiles(folder.path)
  const other = { sha256: release.sha256, bytes: 10 }
  await t.rejects(files.add(other, 0, Buffer.alloc(10)), { code: 'RELEASE_CONTENT' })
  t.equal(await files.here(other), 0)
})
