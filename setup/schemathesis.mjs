import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPython } from './python.mjs'
import { lastLines, run, SetupFailure } from './steps.mjs'

export const schemathesisVersion = '4.32.5'

/** Schemathesis with all that it needs in one folder. Neither Python nor the machine is changed. */
export async function installSchemathesis(folder) {
  const { python, env } = await findPython(folder)
  const packages = join(folder, 'packages')
  const options = ['--no-cache-dir', '--retries=1', '--disable-pip-version-check', '--progress-bar=off', '--quiet']
  const wanted = [`schemathesis==${schemathesisVersion}`, '--target', packages]
  const { code, output } = await run(python, ['-m', 'pip', 'install', ...options, ...wanted], {
    env,
    timeoutMs: 300_000,
  })
  if (code !== 0) {
    throw new SetupFailure('its Python packages could not be fetched.', {
      why: lastLines(output, 3),
      remedy: 'Connect this machine to the Python index that pip is configured for',
    })
  }
  const program = join(folder, 'schemathesis')
  await writeFile(program, starter(folder, python, { ...pick(env), PYTHONPATH: packages }))
  await chmod(program, 0o755)
  return program
}

/** What the Python of a smallest Debian needs to find itself. */
function pick({ PYTHONHOME, LD_LIBRARY_PATH }) {
  return Object.fromEntries(Object.entries({ PYTHONHOME, LD_LIBRARY_PATH }).filter(([, value]) => value))
}

/** A script that starts it wherever the folder is moved to. */
function starter(folder, python, env) {
  const here = (text) => text.replaceAll(folder, '$here')
  const lines = Object.entries(env).map(([name, value]) => `export ${name}="${here(value)}"`)
  const call = `exec "${here(python)}" -c "from schemathesis.cli import schemathesis; schemathesis()" "$@"`
  return `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n${lines.join('\n')}\n${call}\n`
}
