import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { readOrPutAside, writeJson } from '#shared/files/keep-json.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Identity, identityInPod, nextIdentity } from './identity.ts'

/**
 * The identity of this start, already on disk. Throws STATE_UNWRITABLE.
 * @param inPod who it is by the token of its Pod, if it is in one
 * @param machine which machine this is, if the configuration says so; else /etc/machine-id, else one is made up once
 */
export async function keepIdentity(
  stateDir: string,
  machine: string | undefined,
  log: Logger,
  inPod?: Pick<Identity, 'node' | 'machine'>,
): Promise<Identity> {
  const file = join(stateDir, 'node.json')
  const found = await readOrPutAside(file, Identity, log, 'the kept identity cannot be read; this node gets a new one')
  const kept = found.kind === 'read' ? found.value : undefined
  if (inPod) return write(stateDir, file, identityInPod(kept, inPod, Date.now()))
  const here = machine ?? (await machineId()) ?? kept?.machine ?? `generated-${randomBytes(16).toString('hex')}`
  const { identity, origin } = nextIdentity(kept, here)
  if (origin === 'copied') {
    log.warn({ was: kept, now: identity }, 'the kept identity is of another machine; this node gets a new one')
  }
  return write(stateDir, file, identity)
}

async function write(stateDir: string, file: string, identity: Identity): Promise<Identity> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o755 })
    await writeJson(file, identity, { indent: 2 })
  } catch (cause) {
    throw new Failure('STATE_UNWRITABLE', `cannot keep this node's identity in ${file}`, { cause })
  }
  return identity
}

async function machineId(): Promise<string | undefined> {
  const text = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  const id = text.trim()
  return /^[0-9a-f]{32}$/i.test(id) ? id : undefined
}
