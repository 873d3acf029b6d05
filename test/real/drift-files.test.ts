import { copyFile, glob, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { declared, drifts, listening, service } from '#test/support/routing/drifting.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(150_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

t.test('an Envoy by files serves what somebody put there: it is seen, and set right', { skip }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('drift'))
  const [port = 0, admin = 0] = await freePorts(2)
  const plane = stack.use(
    await RunningPlane.start({ declaration: declared(port, 'proxy: envoy\n    delivery: files') }),
  )
  const first = await listening(stack)
  const gateway = {
    ...{ name: 'edge', proxy: 'envoy', binary: programOf('envoy'), run: true, workers: 1 },
    ...{ admin: `127.0.0.1:${admin}`, compare_every: '1h' },
  }
  const agent = await RunningAgent.start({
    ...{ planes: [plane.url], services: [service('web', first)] },
    more: { gateways: [gateway] },
  })
  stack.use(agent)
  const sees = drifts(plane)
  await sees('it to be equal', ({ state }) => state === 'equal')
  const file = await fileOf(agent.stateDir, 'heddle-edge-eds-web.json')
  const aside = join(folder.path, 'eds.json')
  const text = await readFile(file, 'utf8')
  t.match(text, String(first))
  await writeFile(
    aside,
    text.replace(String(first), '1').replace(/"version_info": ?"[^"]*"/, '"version_info": "by-hand"'),
  )
  const beside = join(dirname(file), 'aside')
  await copyFile(aside, beside)
  await rename(beside, file)
  await writeFile(join(dirname(file), 'heddle-edge-extra.json'), '{}')
  const { differences } = await sees('both', ({ differences }) => differences.length >= 3)
  for (const what of [
    { kind: 'changed', what: 'heddle-edge-eds-web.json' },
    { kind: 'added', what: 'heddle-edge-extra.json' },
    { kind: 'changed', what: 'what its proxy serves' },
  ]) {
    t.match(
      differences.find((each) => each.what === what.what),
      what,
    )
  }
  t.match(await plane.heddle('drift', '--repair'), { code: 0, out: /nothing differs/ })
  t.equal(await readFile(file, 'utf8'), text)
})

async function fileOf(folder: string, name: string): Promise<string> {
  for await (const path of glob(`**/${name}`, { cwd: folder })) {
    if (!path.includes('shadow') && !path.includes('good')) return join(folder, path)
  }
  throw new Error(`${folder} has no ${name}`)
}
