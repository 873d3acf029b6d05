import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { guideBlocks, guideOutput, guideScript } from '#test/support/guide.ts'
import { whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { checkout, playGuide } from '#test/support/play-guide.ts'

t.setTimeout(170_000)

await t.test(
  '"Back up and restore" does what it says, word by word',
  { skip: (await whyNoNetwork()) ?? false },
  async (t) => {
    await using folder = await checkout()
    const blocks = guideBlocks(await readFile(join(projectFolder, 'docs/guides/back-up-and-restore.md'), 'utf8'))
    // What stands there for a plane in service.
    const ran = blocks.filter((block) => !(block.kind === 'file' && block.path === 'control-plane.yaml'))
    const { code, output } = await playGuide(folder.path, guideScript(ran))
    t.equal(code, 0, output)
    const said = guideOutput(output)
    for (const [section, ...promises] of [
      ['2 A backup', /monday\.zst is written \(/, /is whole, and as it was written/, /1 instances on 1 nodes/],
      ['4 Restoring', /gives the same fleet: 1 instances/, /What was acknowledged after it is lost: [1-9] changes/],
      ['4 Restoring', /goes on at revision 1000000000|goes on at revision 2000000000/, /crm-1/, /restored/],
    ] as const) {
      for (const promise of promises) t.match(said.get(section), promise, section)
    }
    t.notMatch(said.get('4 Restoring'), /crm-2/)
  },
)
