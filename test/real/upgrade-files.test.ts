import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fetchRelease } from '#agent/upgrade/fetch-release.ts'
import { signRelease } from '#shared/protocol/release.ts'
import { pieceBytes } from '#shared/protocol/upgrade.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { askTls } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'

await t.test(
  'a file that one plane was given is at the other one, from which an agent fetches it over TLS',
  { skip },
  async (t) => {
    await using kind = await PostgresqlKind.start()
    await using place = await kind.place()
    await using replicas = await startReplicas(place, 2, undefined, { tls: true })
    const [leader, other] = await replicas.inOrder()
    if (!other) throw new Error('a second plane')
    const content = randomBytes(pieceBytes + 5_000)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const manifest = { version: '1.1.0', sha256, not_before: '2020-01-01T00:00:00.000Z' }
    const signed = signRelease(manifest, generateKeyPairSync('ed25519').privateKey)
    const add = { method: 'POST', body: { signed, bytes: content.length, by: 'eve' } }
    // Whoever is asked, the leader takes it.
    t.match(await askTls(`${other.url}/v1/upgrades/releases`, add), { status: 200 })
    for (const offset of [0, pieceBytes]) {
      const body = { offset, data: content.subarray(offset, offset + pieceBytes).toString('base64') }
      t.match(await askTls(`${other.url}/v1/upgrades/releases/${sha256}/pieces`, { method: 'PUT', body }), {
        status: 200,
      })
    }
    const piece = () => askTls(`${other.url}/v1/upgrades/releases/${sha256}/pieces/0`)
    await waitFor(piece, {
      what: 'the file at the other plane',
      withinMs: 30_000,
      until: ({ status }) => status === 200,
    })
    const { trust } = await other.get<{ trust: string }>('/v1/identity')
    const path = await fetchRelease(
      { signed, bytes: content.length },
      {
        folder: join(replicas.folder.path, 'inbox'),
        plane: () => other.url,
        ready: async () => ({ kind: 'tls', options: { ca: trust }, onSession: () => {} }),
      },
      AbortSignal.timeout(30_000),
    )
    t.ok((await readFile(path)).equals(content))
    t.match(await askTls(`${leader.url}/v1/upgrades/releases/${'cd'.repeat(32)}/pieces/0`), { status: 404 })
    t.match(await askTls(`${leader.url}/v1/upgrades/releases/${sha256}/pieces/${content.length}`), { status: 404 })
  },
)
