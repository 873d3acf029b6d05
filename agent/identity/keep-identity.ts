import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Identity, nextIdentity } from './identity.ts'

/**
 * The identity of this start, already on disk. Throws STATE_UNWRITABLE.
 * @param machine which machine this is, if the configuration says so; else /etc/machine-id, else one is made up once
 */
export async function keepIdentity(stateDir: string, machine: string | undefined, log: Logger): Promise<Identity> {
  const file = join(stateDir, 'node.json')
  const kept = await readKept(file, log)
  const here = machine ?? (await machineId()) ?? kept?.machine ?? `generated-${randomBytes(16).toString('hex')}`
  const { identity, origin } = nextIdentity(kept, here)
  if (origin === 'copied') {
    log.warn({ was: kept, now: identity }, 'the kept identity is of another machine; this node gets a new one')
  }
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o755 })
    await writeDurably(file, `${JSON.stringify(identity, undefined, 2)}\n`)
  } catch (cause) {
    throw new Failure('STATE_UNWRITABLE', `cannot keep this node's identity in ${file}`, { cause })
  }
  return identity
}

async function readKept(file: string, log: Logger): Promise<Identity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const identity = readIdentity(text)
  if (identity) return identity
  const aside = `${file}.unreadable`
  await rename(file, aside).catch(() => {})
  log.error({ file, aside }, 'the kept identity cannot be read; this node gets a new one')
  return undefined
}

function readIdentity(text: string): Identity | undefined {
  try {
    return z.parse(Identity, JSON.parse(text))
  } catch {
    return undefined
  }
}

async function machineId(): Promise<string | undefined> {
  const text = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  const id = text.trim()
  return /^[0-9a-f]{32}$/i.test(id) ? id : undefined
}

/** Written aside, flushed, renamed: after a power cut there is the old one or the new one, whole. */
async function writeDurably(file: string, text: string): Promise<void> {
  const aside = `${file}.new`
  {
    await using handle = await open(aside, 'w', 0o640)
    await handle.writeFile(text)
    await handle.sync()
  }
  await rename(aside, file)
  await using folder = await open(dirname(file), 'r')
  await folder.sync()
}
