import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { guideBlocks, guideOutput, guideScript } from '#test/support/guide.ts'
import { whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { checkout, playGuide } from '#test/support/play-guide.ts'

t.setTimeout(170_000)

await t.test(
  '"Enrol an agent" does what it says, word by word',
  { skip: (await whyNoNetwork()) ?? false },
  async (t) => {
    await using folder = await checkout()
    const blocks = guideBlocks(await readFile(join(projectFolder, 'docs/guides/enrol-an-agent.md'), 'utf8'))
    const { code, output } = await playGuide(folder.path, guideScript(blocks))
    t.equal(code, 0, output)
    const said = guideOutput(output)
    for (const [section, ...promises] of [
      ['1 A plane that is asked over TLS', /heddle-secret/, /enrolment-token/, /^active /m],
      ['2 A token for one node', /try\/token holds the token [a-z2-7]{10}/, /crm/],
      ['3 The agent', /certificate until 2/, /enrolled/, /IDENTITY_OUT_OF_SCOPE: .*payroll/],
      ['4 Taking it back', /revoked/, /enrolment 2/],
    ] as const) {
      for (const promise of promises) t.match(said.get(section), promise, section)
    }
  },
)
