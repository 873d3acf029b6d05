import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { startLandscape } from '#test/support/landscape/landscape.ts'
import { story } from './story/story.ts'

t.test('the main job, on real servers', { timeout: 600_000 }, async (t) => {
  await using folder = await temporaryFolder('story')
  await using landscape = await startLandscape({ folder: folder.path, fileEnvoy: true, foreign: true })
  for (const { title, run } of story) {
    await t.test(title, { timeout: 180_000 }, async (t) => {
      t.comment(await run(landscape))
      t.pass(title)
    })
  }
})
