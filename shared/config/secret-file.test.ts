import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { explainError } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { credentialPath, secretFile, secretsIn } from './secret-file.ts'

for (const [said, folder, expected] of [
  ['credential:consul', '/run/credentials/heddle.service', '/run/credentials/heddle.service/consul'],
  ['/etc/heddle/token', '/run/credentials/heddle.service', undefined],
  ['credential:consul', undefined, undefined],
  ['credential:consul', 'relative', undefined],
  ['credential:../x', '/run/credentials/heddle.service', undefined],
  ['credential:..', '/run/credentials/heddle.service', undefined],
  ['credential:', '/run/credentials/heddle.service', undefined],
] as const) {
  t.test(`${said} with ${folder} is ${expected ?? 'no credential'}`, async (t) => {
    t.equal(credentialPath(said, folder), expected)
  })
}

t.test('settings of secrets are found wherever they stand in a schema', async (t) => {
  const one = () => secretFile('a token', 'token')
  const schema = z.strictObject({
    a: z.optional(one()),
    b: z.prefault(z.strictObject({ c: z._default(one(), '/x') }), {}),
    d: z.array(z.strictObject({ e: one(), f: z.string() })),
    g: z.record(z.string(), z.union([one(), z.number()])),
  })
  t.strictSame(
    secretsIn(schema).map(({ path }) => path),
    ['a', 'b.c', 'd.*.e', 'g.*'],
  )
  t.match(z.safeParse(schema.shape.a, '/etc/heddle/token'), { success: true, data: '/etc/heddle/token' })
  t.match(z.safeParse(schema.shape.a, 'credential:../x'), { success: false })
})

t.test("a secret is read from a file that is its owner's, without the end of its line", async (t) => {
  await using folder = await temporaryFolder('secret')
  const file = join(folder.path, 'secret')
  await writeFile(file, ' planted-secret \r\n', { mode: 0o640 })
  t.equal(await readSecret(file), ' planted-secret ')
  for (const mode of [0o604, 0o602, 0o666]) {
    await chmod(file, mode)
    const error = await readSecret(file).catch((cause: unknown) => cause)
    t.match(error, { code: 'SECRET_FILE', message: /every user of this machine/ }, mode.toString(8))
    t.notMatch(explainError(error), /planted/)
  }
  await t.rejects(readSecret(join(folder.path, 'none')), { code: 'SECRET_FILE', retryable: true })
  await writeFile(file, 'x'.repeat(100_000))
  await chmod(file, 0o600)
  await t.rejects(readSecret(file), { code: 'SECRET_FILE', message: /too large/ })
})
