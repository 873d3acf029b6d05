import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

await t.test('the plane makes backups by itself, and says so in its status when it cannot', async (t) => {
  await using folder = await temporaryFolder('backup-regular')
  const kept = join(folder.path, 'kept')
  const settings = (where: string) => ({
    journal: { path: join(folder.path, 'heddle.db'), backup: { folder: where, every: '1m' } },
  })
  {
    await using first = await RunningPlane.start({ settings: settings('/dev/null/nowhere') })
    const { problems } = await waitFor(() => first.get<StatusView>('/v1/status'), {
      what: 'a problem',
      withinMs: 90_000,
      until: ({ problems }) => problems.length > 0,
    })
    t.match(problems, [/BACKUP_FAILED.*journal\.backup\.folder/])
    t.match((await first.heddle('status')).out, /BACKUP_FAILED/)
  }
  await using second = await RunningPlane.start({ settings: settings(kept) })
  // Beside it the next one may be under way.
  const whole = async () => (await readdir(kept).catch(() => [])).find((each) => each.endsWith('.zst'))
  const name = (await waitFor(whole, { what: 'a backup', withinMs: 90_000, until: Boolean })) ?? ''
  t.match(await second.heddle('backup', 'verify', join(kept, name)), { code: 0 })
})
