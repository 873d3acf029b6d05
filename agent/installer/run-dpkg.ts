import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { explainError } from '#shared/failure/failure.ts'

const run = promisify(execFile)
const withinMs = 300_000
/** Others install as well, such as updates by night: so long dpkg is waited for. */
const freeWithinMs = 300_000
const askAgainMs = 1_000
const environment = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
}

/** Runs a program with these words; no shell. Rejects with the last that it wrote. Resolves with its output. */
export async function command(program: string, args: readonly string[], cwd = '/'): Promise<string> {
  try {
    const options = { env: environment, timeout: withinMs, maxBuffer: 16 * 1024 * 1024, cwd }
    return (await run(program, [...args], options)).stdout
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string }
    const said = stderr.trim().split('\n').slice(-5).join('; ')
    throw new Error(said === '' ? explainError(error) : said.slice(-400))
  }
}

/** Installs exactly this file; edited configuration stays as it is. */
export async function installPackage(file: string, root: string): Promise<void> {
  // What was broken off before is finished first, if it can be.
  await dpkg([`--root=${root}`, '--configure', '--pending']).catch(() => {})
  await dpkg([`--root=${root}`, '--force-confold', '--force-confdef', '--install', file])
}

async function dpkg(args: readonly string[]): Promise<void> {
  const began = performance.now()
  for (;;) {
    try {
      await command('dpkg', args)
      return
    } catch (error) {
      const isLocked = /locked by another process/.test(explainError(error))
      if (!isLocked || performance.now() - began >= freeWithinMs) throw error
      await pause(askAgainMs)
    }
  }
}

/** A field of a package file. */
export async function fieldOf(file: string, field: string): Promise<string> {
  return (await command('dpkg-deb', ['--field', file, field])).trim()
}

/** The version of a package that is installed; undefined: it is not. */
export async function installedVersion(name: string, root: string): Promise<string | undefined> {
  const format = '--showformat=$' + '{db:Status-Abbrev}\\t$' + '{Version}\\n'
  const text = await command('dpkg-query', [`--root=${root}`, '--show', format, name]).catch(() => '')
  const [, version] = /^i\S* *\t(\S+)/m.exec(text) ?? []
  return version
}

/** The version of a release out of that of its package: `1.4.0~rc.1-2` is of 1.4.0-rc.1. */
export function releaseVersion(debian: string): string {
  return debian
    .replace(/^\d+:/, '')
    .replace(/-[^-~]*$/, '')
    .replaceAll('~', '-')
}
