import { connect } from 'node:tls'
import { newKey, requestOf } from './identity.ts'
import type { TlsPlane } from './tls-plane.ts'

export type Enrolled = { readonly node: string; readonly cert: string; readonly key: string }

/** Lets a node in by the first token, or another one; throws what the plane answered instead. */
export async function enrolled(plane: TlsPlane, node: string, token?: string): Promise<Enrolled> {
  const { pair, pem } = await newKey()
  const said = { node, machine: `machine-of-${node}`, site: 'tencent' }
  const body = { token: token ?? (await plane.token()).trim(), csr: await requestOf(pair), ...said }
  const { status, body: text } = await plane.ask('/v1/enrol', { method: 'POST', body })
  const { certificate } = JSON.parse(text) as { readonly certificate?: string }
  if (certificate === undefined) throw new Error(`${status}: ${text}`)
  return { node, cert: certificate, key: pem }
}

/** Sends bytes over TLS as they are, and resolves with all that comes until the other side closes, or nothing has come for a while. */
export function sendRaw(url: string, text: string, quietMs = 15_000): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let got = ''
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      socket.write(Buffer.from(text, 'latin1'))
    })
    const end = () => {
      socket.destroy()
      resolve(got)
    }
    socket.setTimeout(quietMs, end)
    socket.on('data', (data) => {
      got += data.toString('latin1')
    })
    socket.once('close', end).once('error', end)
  })
}
