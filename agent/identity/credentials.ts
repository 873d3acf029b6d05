import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { envoySecrets, identityFiles } from '#shared/envoy/node-secrets.ts'
import { Failure } from '#shared/failure/failure.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { certificatesIn } from '#shared/identity/certificates-in.ts'

/** What a node shows itself by: PEM. The key never leaves this machine. */
export type Credentials = {
  readonly key: string
  /** Its certificate, then those of who signed it. */
  readonly certificate: string
  /** All authorities that it trusts. */
  readonly trust: string
  /** Epoch milliseconds. */
  readonly issuedAt: number
  readonly notAfter: number
}

/** Certificates hold so much longer backwards than they were issued. */
const backdatedMs = 5 * 60_000

/** The node's key (ECDSA P-256, PEM), made at the first start. Rejects with STATE_UNWRITABLE. */
export async function keepKey(folder: string): Promise<string> {
  const { key: path } = identityFiles(folder)
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept !== undefined && readKey(kept)) return kept
  const { generateKeyPairSync } = await import('node:crypto')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await replaceFile(path, pem, { mode: 0o600 })
  } catch (cause) {
    throw new Failure('STATE_UNWRITABLE', `cannot keep the key of this node in ${path}`, { cause })
  }
  return pem
}

/** What was kept, if it is whole and of this key and node. */
export async function keptCredentials(folder: string, key: string, node: string): Promise<Credentials | undefined> {
  const files = identityFiles(folder)
  try {
    const [certificate, trust] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.trust, 'utf8')])
    return readCredentials({ key, certificate, trust }, node)
  } catch {
    return undefined
  }
}

/** Credentials out of their texts; undefined: they do not belong together, or are another node's. */
export function readCredentials(
  { key, certificate, trust }: Pick<Credentials, 'key' | 'certificate' | 'trust'>,
  node: string,
): Credentials | undefined {
  try {
    const x509 = new X509Certificate(certificate)
    if (!x509.checkPrivateKey(createPrivateKey(key)) || x509.subject !== `CN=${node}`) return undefined
    if (certificatesIn(trust).length === 0) return undefined
    const issuedAt = x509.validFromDate.getTime() + backdatedMs
    return { key, certificate, trust, issuedAt, notAfter: x509.validToDate.getTime() }
  } catch {
    return undefined
  }
}

/** Writes certificate and trust, each whole. Rejects with STATE_UNWRITABLE. */
export async function keepCredentials(folder: string, { certificate, trust }: Credentials): Promise<void> {
  const files = identityFiles(folder)
  try {
    // Who trusts more than it needs for a moment is right with either certificate.
    await replaceFile(files.trust, trust, { mode: 0o644 })
    await replaceFile(files.certificate, certificate, { mode: 0o644 })
    for (const [name, secret] of Object.entries(envoySecrets(folder))) {
      const text = `${JSON.stringify(secret, undefined, 2)}\n`
      const path = join(folder, name)
      if ((await readFile(path, 'utf8').catch(() => '')) !== text) await replaceFile(path, text, { mode: 0o644 })
    }
  } catch (cause) {
    throw new Failure('STATE_UNWRITABLE', `cannot keep the certificate of this node in ${folder}`, { cause })
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
