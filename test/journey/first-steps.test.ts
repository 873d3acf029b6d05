import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { guideBlocks, guideScript } from '#test/support/guide.ts'
import { projectFolder } from '#test/support/parts.ts'
import { checkout, noGuide, playGuide } from '#test/support/play-guide.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(240_000)

await t.test('"First steps" lead where they say', { skip: await noGuide() }, async (t) => {
  await using folder = await checkout()
  const markdown = await readFile(join(projectFolder, 'docs/first-steps.md'), 'utf8')
  const blocks = guideBlocks(markdown.replaceAll('/tmp/heddle', join(folder.path, 'state')))
  // A reader has a terminal for each program that stays, and looks at it before going on.
  const look = 'until node cli/heddle.ts status && node cli/heddle.ts discovered | grep 8081; do sleep 0.2; done'
  const script = guideScript(blocks, (text) =>
    text
      .replace('npm run setup\n', '')
      .replace(/ +# stays;.*$/gm, ' > /dev/null &')
      .replace(/^npm run .* status .*$/m, `${look}\n$&`),
  )
  const { code, output } = await playGuide(folder.path, script)
  t.equal(code, 0, output)
  t.match(output, /crm-\w+/)
})
