import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { appendFile, readFile, stat } from 'node:fs/promises'
import { signHead } from '#shared/audit/head.ts'
import { Failure } from '#shared/failure/failure.ts'
import { makeOnce } from '#shared/files/make-once.ts'
import type { AuditStore } from '../fleet/audit.ts'

export type HeadsParts = {
  readonly store: Pick<AuditStore, 'auditChain'>
  readonly installation: string
  /** Where heads are added, one JSON object a line; whoever ships logs ships it off this host. */
  readonly file: string
  readonly key: KeyObject
}

/** Says once more where the audit stands, signed, if that has changed since it was said last. */
export class AuditHeads {
  readonly #parts: HeadsParts
  #said = ''

  constructor(parts: HeadsParts) {
    this.#parts = parts
  }

  /** Rejects as the store does, or where the file cannot be written. */
  async say(now: number): Promise<void> {
    const { store, installation, file, key } = this.#parts
    const { head } = await store.auditChain()
    const place = `${head.seq} ${head.hash}`
    if (head.seq === 0 || place === this.#said) return
    const signed = signHead(head, { installation, at: new Date(now).toISOString() }, key)
    await appendFile(file, `${JSON.stringify(signed)}\n`, { mode: 0o640 })
    this.#said = place
  }
}

/**
 * The key by which this plane signs where the audit stands; made where there is none. Rejects with SECRET_UNUSABLE where others could read it.
 * @param path its file, PEM
 */
export async function auditKey(path: string): Promise<KeyObject> {
  const known = await read(path)
  if (known) return known
  const { privateKey } = generateKeyPairSync('ed25519')
  // Another plane of this folder may have made one meanwhile: that counts.
  await makeOnce(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600).catch(
    (cause: unknown) => {
      throw new Failure('SECRET_UNUSABLE', `${path} cannot be made`, { cause })
    },
  )
  return (await read(path)) ?? privateKey
}

async function read(path: string): Promise<KeyObject | undefined> {
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) {
      const remedy = `Take it from others by \`chmod 600 ${path}\`, and have another one made: whoever could read it can sign.`
      throw new Failure('SECRET_UNUSABLE', `others may read or write ${path}`, { remedy })
    }
    return createPrivateKey(await readFile(path))
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new Failure('SECRET_UNUSABLE', `${path} cannot be read as a key`, { cause })
  }
}
