import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export type AuthorizerQuestion = {
  readonly port: number
  readonly gateway?: string
  readonly authenticator?: string
  readonly permissions?: string
  /** A token, or the whole header. */
  readonly token?: string
  readonly authorization?: string
  readonly method?: string
  readonly path?: string
}

const kept = new Agent({ keepAlive: true, maxSockets: 64 })

/** Asks an authorizer as a proxy does. */
export function askAuthorizer({
  port,
  gateway = 'edge',
  authenticator = 'users',
  permissions = '',
  token,
  authorization = token === undefined ? undefined : `Bearer ${token}`,
  method = 'GET',
  path = '/authorize',
}: AuthorizerQuestion): Promise<{ readonly status: number; readonly subject: string | undefined }> {
  const headers = {
    'x-heddle-gateway': gateway,
    'x-heddle-authenticator': authenticator,
    'x-heddle-permissions': permissions,
    ...(authorization === undefined ? {} : { authorization }),
  }
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: kept }, async (response) => {
      await text(response)
      const subject = response.headers['x-heddle-subject']
      resolve({ status: response.statusCode ?? 0, subject: typeof subject === 'string' ? subject : undefined })
    })
    asked.setTimeout(15_000, () => asked.destroy(new Error('no answer from the authorizer')))
    asked.on('error', reject)
    asked.end()
  })
}
