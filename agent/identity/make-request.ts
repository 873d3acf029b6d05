import { Worker } from 'node:worker_threads'

/**
 * A request for a certificate (PKCS #10, PEM), signed with a key (PEM). The library that writes it takes 25 MiB, and is needed twice a day:
 * it is loaded beside the agent and forgotten. Rejects where the key is none.
 */
export function makeRequest(key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./request-worker.ts', import.meta.url), { workerData: { key } })
    worker.once('message', (csr: string) => resolve(csr))
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the request for a certificate was not made')))
  })
}
