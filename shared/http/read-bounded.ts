import type { IncomingMessage } from 'node:http'

/** The body of an answer; `truncated`: it had more than the bytes that are taken, so none of it is given. */
export type BoundedBody = { readonly body: Buffer; readonly truncated: boolean }

/** Reads an answer to its end, or until it is too large: then it is let go. Rejects where the connection ends before that. */
export function readBounded(response: IncomingMessage, mostBytes: number): Promise<BoundedBody> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    response.on('error', reject)
    response.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= mostBytes) parts.push(part)
      else {
        resolve({ body: Buffer.alloc(0), truncated: true })
        response.destroy()
      }
    })
    response.on('end', () => resolve({ body: Buffer.concat(parts), truncated: false }))
  })
}
