import { readFile } from 'node:fs/promises'
import { request as requestHttp } from 'node:http'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { explainError } from '#shared/failure/failure.ts'
import type { Scene } from './check.ts'
import { type CertificateSeen, judgeCertificate } from './judge/certificate.ts'

/** The steps of the way to whoever is asked, in their order. */
export type Step = 'resolve' | 'connect' | 'TLS' | 'answer'

export type Reached =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: string
      readonly asked: { readonly from: number; readonly to: number }
      readonly tookMs: number
      /** What is to be said of the certificate though it is taken. */
      readonly certificate?: string
    }
  | {
      readonly kind: 'failed'
      readonly step: Step
      readonly why: string
      readonly remedy: string
      readonly tookMs: number
    }

export type Wanted = {
  readonly url: string
  /** Whom to believe: a file, or its text (PEM); left out: whom this machine believes. */
  readonly caFile?: string | undefined
  readonly ca?: string | undefined
  /** What helps where nobody who is believed has signed its certificate; left out: to name its authority. */
  readonly ifStranger?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'POST'
  readonly body?: string
}

const mostBodyBytes = 2 * 1024 * 1024

/** Goes the whole way to a URL and says at which step it ended. Nothing is said before the other one has proven who he is. */
export async function reach(
  scene: Scene,
  { url, caFile, ca: authority, ifStranger, headers = {}, method = 'GET', body }: Wanted,
): Promise<Reached> {
  const from = performance.now()
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const failed = (step: Step, why: string, remedy: string): Reached => {
    return { kind: 'failed', step, why, remedy, tookMs: Math.round(performance.now() - from) }
  }
  const isTls = protocol === 'https:'
  let ca: string | Buffer | undefined = authority
  try {
    if (isTls && caFile !== undefined) ca = await readFile(caFile)
  } catch (error) {
    return failed('TLS', explainError(error), `Let this user read ${caFile}, or correct the path.`)
  }
  const way = await openWay(scene, host, Number(port) || (isTls ? 443 : 80))
  if ('step' in way) return failed(way.step, way.why, way.remedy)
  let socket: Socket | TLSSocket = way.socket
  try {
    let certificate: string | undefined
    if (isTls) {
      const seen = await secureWay(scene, way.socket, { host, ca, ifStranger })
      if ('step' in seen) return failed(seen.step, seen.why, seen.remedy)
      socket = seen.socket
      certificate = seen.certificate
    }
    const asked = scene.now()
    const answer = await ask(
      socket,
      { path: `${pathname}${search}`, method, headers: { host: new URL(url).host, ...headers }, body },
      scene,
    )
    const tookMs = Math.round(performance.now() - from)
    return {
      ...{ kind: 'answered', ...answer, tookMs, asked: { from: asked, to: scene.now() } },
      ...(certificate === undefined ? {} : { certificate }),
    }
  } catch (error) {
    return failed('answer', explainError(error), 'See what it logs: it takes connections and does not answer.')
  } finally {
    socket.destroy()
    way.socket.destroy()
  }
}

/** A connection to a name and a port, or the step at which there is none. */
export async function openWay(
  scene: Scene,
  host: string,
  port: number,
): Promise<{ readonly socket: Socket } | Blocked> {
  const found = await scene.resolve(host)
  if (found.kind !== 'found') {
    const why = found.kind === 'no-answer' ? `no resolver answers for ${host}` : `${host} is not known (${found.code})`
    return {
      step: 'resolve',
      why,
      remedy: 'Correct the name, or what resolves it: `heddle doctor --only dns` says more.',
    }
  }
  let why = ''
  for (const address of found.addresses.slice(0, 4)) {
    const socket = connect({ host: address, port })
    const error = await settled(socket, 'connect', scene)
    if (error === undefined) return { socket }
    socket.destroy()
    why ||= error
  }
  const remedy = /ECONNREFUSED/.test(why)
    ? 'Start what is to listen there, or correct the port.'
    : 'See that it runs, and that no firewall stands between.'
  return { step: 'connect', why, remedy }
}

type Blocked = { readonly step: Step; readonly why: string; readonly remedy: string }

export type Securing = {
  /** The name or the address under which it is asked. */
  readonly host: string
  /** Whom to believe, PEM; left out: whom this machine believes. */
  readonly ca?: string | Buffer | undefined
  /** What is shown, PEM. */
  readonly own?: { readonly cert: string; readonly key: string } | undefined
  readonly alpn?: readonly string[]
  readonly ifStranger?: string | undefined
}

/** TLS on a connection, once the other one has proven who he is; nothing is said before. `certificate`: what is to be said of his. */
export async function secureWay(
  scene: Scene,
  way: Socket,
  { host, ca, own, alpn, ifStranger }: Securing,
): Promise<{ readonly socket: TLSSocket; readonly certificate?: string } | Blocked> {
  // It is judged here, so that all that is wrong can be said; nothing is sent before that.
  const socket = connectTls({
    ...{ socket: way, host, rejectUnauthorized: false },
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
    ...own,
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  })
  const why = await settled(socket, 'secureConnect', scene)
  if (why !== undefined) {
    socket.destroy()
    return { step: 'TLS', why, remedy: 'See that this port speaks TLS, and that nothing stands between.' }
  }
  const { valid_from, valid_to, subjectaltname } = socket.getPeerCertificate()
  const refused = socket.authorizationError
  const shown: CertificateSeen = {
    from: Date.parse(valid_from),
    to: Date.parse(valid_to),
    names: subjectaltname ?? '',
    refused:
      refused instanceof Error ? ((refused as NodeJS.ErrnoException).code ?? refused.message) : refused || undefined,
  }
  const judged = judgeCertificate(shown, { host, now: scene.now(), ifStranger })
  if (judged.level === 'error') {
    socket.destroy()
    return { step: 'TLS', why: judged.text, remedy: judged.remedy }
  }
  return judged.level === 'warning' ? { socket, certificate: `${judged.text}. ${judged.remedy}` } : { socket }
}

/** Undefined once it has happened, else why not. */
async function settled(socket: Socket, event: string, { stop, answerWithinMs }: Scene): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const over = AbortSignal.any([stop, AbortSignal.timeout(answerWithinMs)])
  const onOver = () => resolve(`nothing within ${answerWithinMs / 1000} s`)
  over.addEventListener('abort', onOver, { once: true })
  socket.once(event, () => resolve(undefined))
  socket.on('error', (error) => resolve(explainError(error)))
  socket.once('close', () => resolve('it was closed'))
  const end = await promise
  over.removeEventListener('abort', onOver)
  return end
}

type Answer = Pick<Extract<Reached, { kind: 'answered' }>, 'status' | 'headers' | 'body'>

function ask(
  socket: Socket,
  {
    body,
    ...options
  }: {
    readonly path: string
    readonly method: string
    readonly headers: Record<string, string>
    readonly body: string | undefined
  },
  { stop, answerWithinMs }: Scene,
): Promise<Answer> {
  return new Promise((answered, failed) => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(answerWithinMs)])
    const request = requestHttp({ ...options, signal, createConnection: () => socket }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > mostBodyBytes) response.destroy(new Error('the answer is too large'))
      })
      response.on('error', failed)
      response.on('end', () => answered({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on('error', (error) =>
      failed(signal.aborted ? new Error(`nothing within ${answerWithinMs / 1000} s`) : error),
    )
    request.end(body)
  })
}
