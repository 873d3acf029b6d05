import { createPrivateKey, createPublicKey } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import * as z from 'zod/mini'
import { Pkcs10CertificateRequestGenerator } from '#shared/identity/x509.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const

if (parentPort) parentPort.postMessage(await requestOf(z.parse(z.object({ key: z.string() }), workerData).key))

async function requestOf(pem: string): Promise<string> {
  const key = createPrivateKey(pem)
  const pkcs8 = new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }))
  const spki = new Uint8Array(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  ])
  const request = await Pkcs10CertificateRequestGenerator.create({
    // The plane takes nothing but the key.
    name: 'CN=node',
    keys: { privateKey, publicKey },
    signingAlgorithm: signing,
  })
  return request.toString('pem')
}
