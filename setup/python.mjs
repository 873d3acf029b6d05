import { join } from 'node:path'
import { debianRelease, libraryFolders, unpackDebian } from './debian.mjs'
import { run, SetupFailure } from './steps.mjs'

const pip = ['python3-pip', 'python3-setuptools', 'python3-wheel']
// Python itself and the libraries that its modules for TLS, compression and XML need.
const python311 = ['python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib'].concat([
  'libssl3',
  'zlib1g',
  'libexpat1',
  'libffi8',
  'libbz2-1.0',
  'liblzma5',
  'libuuid1',
  'libcrypt1',
])

/**
 * A Python with pip: the machine's; or its Python with pip from Debian; or both from Debian. What is fetched lies in `folder`.
 * @returns {Promise<{python: string, env: NodeJS.ProcessEnv}>}
 */
export async function findPython(folder) {
  const env = { ...process.env, PIP_NO_INPUT: '1' }
  const candidates = ['python3', '/usr/bin/python3', '/usr/local/bin/python3']
  for (const python of candidates) {
    if ((await run(python, ['-m', 'pip', '--version'], { env })).code === 0) return { python, env }
  }
  for (const python of candidates) {
    if ((await run(python, ['-c', 'import zipfile, ssl'], { env })).code === 0) return withPip(python, folder, env)
  }
  return withPython(folder, env)
}

async function withPip(python, folder, env) {
  const root = await unpackDebian(pip, { suite: await release(), into: join(folder, '.python') })
  return { python, env: { ...env, PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') } }
}

async function withPython(folder, env) {
  const root = await unpackDebian([...python311, ...pip], { suite: await release(), into: join(folder, '.python') })
  return {
    python: join(root, 'usr/bin/python3.11'),
    env: {
      ...env,
      PYTHONHOME: join(root, 'usr'),
      PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
      LD_LIBRARY_PATH: (await libraryFolders(root)).map((path) => join(root, path)).join(':'),
    },
  }
}

async function release() {
  const name = await debianRelease()
  if (name === undefined) {
    throw new SetupFailure('fetching it takes Python with pip.', { remedy: 'Install python3 and its pip' })
  }
  return name
}
