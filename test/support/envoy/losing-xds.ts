import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'

const definitions = loadEnvoyDefinitions()
const response = definitions.type('envoy.service.discovery.v3.DeltaDiscoveryResponse')
const request = definitions.type('envoy.service.discovery.v3.DeltaDiscoveryRequest')

type Response = {
  readonly type_url: string
  readonly nonce: string
  readonly resources: readonly { readonly name: string }[]
}

/**
 * A way between Envoys and a plane on which answers get lost, and the plane is told that they were taken: so an Envoy runs something else than
 * it is known to have confirmed.
 */
export class LosingXds implements AsyncDisposable {
  readonly port: number
  readonly #close: () => void
  /** How many answers have been lost. */
  lost = 0
  #lose: ((answer: Response) => boolean) | undefined

  private constructor(port: number, close: () => void) {
    this.port = port
    this.#close = close
  }

  static async start(planePort: number): Promise<LosingXds> {
    const server = createServer()
    const planes = new Set<ClientHttp2Session>()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const way = new LosingXds((server.address() as AddressInfo).port, () => {
      for (const plane of planes) plane.destroy()
      server.close()
    })
    server.on('session', (session) => {
      const plane = connect(`http://127.0.0.1:${planePort}`)
      planes.add(plane)
      plane.on('error', () => session.destroy())
      session.on('error', () => plane.destroy())
      session.on('close', () => plane.destroy())
      plane.on('close', () => session.destroy())
      session.on('stream', (stream, headers) => way.#join(stream, plane, headers))
    })
    return way
  }

  /** Loses the next answer that is so. */
  loseNext(fits: (answer: Response) => boolean): void {
    this.#lose = fits
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
  }

  #join(envoy: ServerHttp2Stream, plane: ClientHttp2Session, headers: Record<string, unknown>): void {
    const { ':path': path, 'content-type': type, te } = headers
    const asked = plane.request({
      ':method': 'POST',
      ':path': String(path),
      'content-type': String(type),
      te: String(te),
    })
    asked.on('response', ({ ':status': status, 'content-type': answered }) => {
      envoy.respond({ ':status': status, 'content-type': answered }, { waitForTrailers: true })
    })
    for (const stream of [envoy, asked]) stream.on('error', () => {})
    envoy.on('data', (bytes: Buffer) => asked.write(bytes))
    envoy.on('end', () => asked.end())
    envoy.on('close', () => asked.close())
    asked.on('close', () => envoy.close())
    let rest = Buffer.alloc(0)
    asked.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const size = 5 + rest.readUInt32BE(1)
        const message = rest.subarray(0, size)
        rest = rest.subarray(size)
        const answer = response.toObject(response.decode(message.subarray(5)), { arrays: true }) as Response
        if (this.#lose?.(answer) !== true) envoy.write(message)
        else {
          this.#lose = undefined
          this.lost += 1
          asked.write(framed({ type_url: answer.type_url, response_nonce: answer.nonce }))
        }
      }
    })
  }
}

function framed(content: object): Buffer {
  const message = Buffer.from(request.encode(request.fromObject(content)).finish())
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
