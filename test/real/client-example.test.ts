import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { startTwoClusters } from '#test/support/two-clusters.ts'

t.test('the example of the client runs as it stands, by the name under which the library is exported', async (t) => {
  await using clusters = await startTwoClusters(1)
  await clusters.allThere()
  const port = await freePort()
  await using example = await spawnProcess(
    process.execPath,
    [join(projectFolder, 'docs/examples/federation-client.ts')],
    { name: 'example', env: { PLANE: clusters.plane.url, PORT: String(port) } },
  )
  await example.ready('its first line', 20_000, () => example.output.includes('listening on'))
  const response = await fetch(`http://127.0.0.1:${port}/basic-server/hello`, { signal: AbortSignal.timeout(20_000) })
  t.equal(response.status, 200)
  // Whichever cluster is the healthier just now.
  const [, cluster] =
    /^basic-server-[0-9a-f]{8} of (zervigo|looma)$/.exec(response.headers.get('x-answered-by') ?? '') ?? []
  t.match(await response.json(), { instance: `${cluster}-0` })
  const nobody = await fetch(`http://127.0.0.1:${port}/nobody/`, { signal: AbortSignal.timeout(20_000) })
  t.equal(nobody.status, 503)
  t.match(await nobody.text(), /nobody has no instance that can be called: Error: rule other: none_alive/)
  t.equal((await example.stop()).code, 0)
})
