import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { guideBlocks, guideOutput, guideScript } from '#test/support/guide.ts'
import { projectFolder } from '#test/support/parts.ts'
import { checkout, noGuide, playGuide } from '#test/support/play-guide.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(240_000)

await t.test('"Write a route" does what it says, word by word', { skip: await noGuide() }, async (t) => {
  await using folder = await checkout()
  const blocks = guideBlocks(await readFile(join(projectFolder, 'docs/guides/write-a-route.md'), 'utf8'))
  for (const block of blocks) {
    const [, schema] = (block.kind === 'file' && /\$schema=(\S+)/.exec(block.text)) || []
    if (block.kind !== 'file' || schema === undefined) continue
    await t.resolves(access(join(projectFolder, dirname(block.path), schema)), `${block.path}: its schema is there`)
  }

  // The set-up was done before any test, and the pipeline of "From a folder" is somebody's repository.
  const ran = blocks.filter(({ section }) => section !== 'From a folder')
  const script = guideScript(ran, (text) => text.replace('npm run setup\n', ''))
  const { code, output } = await playGuide(folder.path, script)
  t.equal(code, 0, output)
  const said = guideOutput(output)
  for (const [section, ...promises] of [
    ['1 A plane, a server, an agent with two gateways', /hello-\w+ .* passing .* yes /],
    [
      '2 A first route',
      /2 files with 2 gateways/,
      /Version 1 holds/,
      /(hello \/you\n){2}/,
      /api-hello +prefix \/api\/hello/,
    ],
    [
      '3 Limits, one gateway first',
      /~ route api-hello/,
      /Version 2 holds/,
      /(200 )+(429 )+(200 )+(429 )+/,
      /"title":"No route leads here\."/,
    ],
    ['4 A mistake', /Version 3 is halted.*gateways\.yaml:7/s, /code 1\nhello \/you/],
    ['5 Back', /Version 4 holds/, /~ route api-hello/, /4 +holds/],
    [
      '6 A new version of the service',
      /Version 5 holds/,
      /hello is running/,
      /version 2 \/you\nhello \/you/,
      /50% of the users are on the canary, and this one by header x-user-id/,
      /hello is aborted: 0% of the users/,
    ],
  ] as const) {
    for (const promise of promises) t.match(said.get(section), promise, section)
  }
})
