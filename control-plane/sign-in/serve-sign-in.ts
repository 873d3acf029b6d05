import express, { type Request, type Response, Router } from 'express'
import * as z from 'zod/mini'
import { readApiToken } from '#shared/access/token.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type CookieNames, cookieOf, setCookie } from '../access/cookies.ts'
import { csrfHeader, csrfToken, isCsrfToken, siteOf } from '../access/cross-site.ts'
import { networkOf } from '../access/network-of.ts'
import type { Sessions } from '../access/sessions.ts'
import type { AccessTokens } from '../access/tokens.ts'
import { Refusal, readBody } from '../api/problem.ts'
import { signInScript, signInStyle } from './assets.ts'
import { awayForMs, type Oidc } from './oidc.ts'
import { pagePolicy, signInPage } from './page.ts'
import type { SignInRate } from './rate.ts'
import type { SignedIn, SignIn } from './sign-in.ts'
import { languageOf } from './words.ts'

export type SignInRouterParts = {
  readonly signIn: SignIn
  readonly oidc: Oidc | undefined
  readonly sessions: Pick<Sessions, 'verify'>
  readonly tokens: Pick<AccessTokens, 'lockedFor' | 'failed'>
  readonly cookies: CookieNames
  /** Origins of this plane besides the one that a request itself names. */
  readonly origins: readonly string[]
  readonly encrypted: boolean
  readonly log: Logger
  readonly rate: SignInRate
}

const LinkRequest = z.strictObject({ token: z.string().check(z.maxLength(200)) })

/** The page on which people sign in, and what it does. */
export function signInRouter(parts: SignInRouterParts): Router {
  const { signIn, oidc, sessions, tokens, cookies, origins, encrypted, log, rate } = parts
  const router = Router()
  const isForeign = ({ headers }: Request) => siteOf({ headers, origins, encrypted }) === 'other'
  const shown = (request: Request) => cookieOf(request, cookies.session)
  const back = (response: Response, said?: string) =>
    response.set('Cache-Control', 'no-store').redirect(303, said === undefined ? '/sign-in' : `/sign-in?said=${said}`)

  const begin = async (request: Request, response: Response, { text, session }: SignedIn) => {
    // Whoever was signed in here before is not any more.
    const before = readApiToken(shown(request) ?? '', 'hdls1')
    const who = before && (await sessions.verify(shown(request) ?? ''))
    if (who?.id !== undefined) await signIn.out(who.id, who.name, addressOf(request))
    response.append('Set-Cookie', setCookie(cookies.session, text, cookies, session.endsAt - session.createdAt))
  }

  const bounded = (request: Request, response: Response, next: () => void) => {
    const waitMs = rate.take(networkOf(addressOf(request)))
    if (waitMs === 0) return next()
    response.set('Retry-After', String(Math.ceil(waitMs / 1000)))
    if (request.method === 'GET') return back(response, 'slow')
    throw new Refusal(429, 'Too many tries came from there.', { code: 'ACCESS_LOCKED' })
  }

  router.get('/sign-in', async (request, response) => {
    const { lang, said } = request.query
    const text = shown(request)
    const caller = text === undefined ? undefined : await sessions.verify(text)
    const who = caller && {
      name: caller.name.replace(/^user:/, ''),
      role: caller.role ?? '',
      csrf: csrfToken(text ?? ''),
    }
    const language = languageOf(lang, request.headers['accept-language'])
    const page = { language, said: typeof said === 'string' ? said : undefined, provider: oidc?.name, who }
    send(response, 'html', signInPage(page))
  })
  router.get('/sign-in/sign-in.js', (_request, response) => send(response, 'text/javascript', signInScript))
  router.get('/sign-in/sign-in.css', (_request, response) => send(response, 'css', signInStyle))

  // By POST only: what looks into links before people open them (mail gateways, chats) would use them up.
  router.post('/sign-in/link', bounded, express.json({ limit: '4kb' }), async (request, response) => {
    if (isForeign(request))
      throw new Refusal(403, 'It does not come from a page of this plane.', { code: 'CROSS_SITE' })
    const { token } = readBody(LinkRequest, request.body)
    const from = addressOf(request)
    const outcome = await signIn.byLink(token, from)
    if (outcome.kind !== 'signed-in') {
      // Many may share an address: who has a link that counts goes on.
      if ((await tokens.lockedFor(from)) > 0) {
        throw new Refusal(429, 'Too many tries came from there.', { code: 'ACCESS_LOCKED' })
      }
      await tokens.failed(from)
      throw new Refusal(403, 'The link does not count.', { code: 'SIGN_IN_REFUSED' })
    }
    await begin(request, response, outcome)
    const { user, session } = outcome
    response.set('Cache-Control', 'no-store')
    response.json({ name: user.name, role: user.role, expires_at: new Date(session.expiresAt).toISOString() })
  })

  router.get('/sign-in/oidc', bounded, async (_request, response) => {
    if (!oidc) throw new Refusal(404, 'There is no provider: access.oidc names one.')
    try {
      const { url, secret } = await oidc.begin()
      response.append('Set-Cookie', setCookie(cookies.signIn, secret, cookies, awayForMs))
      response.set('Cache-Control', 'no-store').set('Referrer-Policy', 'no-referrer').redirect(302, url)
    } catch (error) {
      log.warn({ err: error }, 'somebody cannot be sent to his provider')
      back(response, 'unavailable')
    }
  })

  router.get('/sign-in/oidc/callback', bounded, async (request, response) => {
    const secret = cookieOf(request, cookies.signIn)
    response.append('Set-Cookie', setCookie(cookies.signIn, '', cookies, 0))
    const { search } = new URL(request.originalUrl, 'http://plane')
    const outcome = await signIn.byProvider(search, secret, addressOf(request)).catch((error: unknown) => {
      log.warn({ err: error, from: addressOf(request) }, 'somebody who came from his provider is not let in')
      return said(error)
    })
    if (typeof outcome === 'string') return back(response, outcome)
    if (outcome.kind !== 'signed-in') return back(response, outcome.kind)
    await begin(request, response, outcome)
    back(response)
  })

  const form = express.urlencoded({ limit: '4kb', extended: false })
  router.post('/sign-out', form, async (request, response) => {
    const text = shown(request)
    const caller = text === undefined ? undefined : await sessions.verify(text)
    const { csrf } = (request.body ?? {}) as { readonly csrf?: unknown }
    const isMeant = isCsrfToken(csrf ?? request.headers[csrfHeader], text ?? '')
    if (caller?.id !== undefined) {
      if (isForeign(request) || !isMeant) {
        throw new Refusal(403, 'It does not come from a page of this plane.', { code: 'CROSS_SITE' })
      }
      await signIn.out(caller.id, caller.name, addressOf(request))
    }
    response.append('Set-Cookie', setCookie(cookies.session, '', cookies, 0))
    back(response, 'signed-out')
  })

  return router
}

function send(response: Response, type: string, text: string): void {
  response
    .set({
      'Content-Security-Policy': pagePolicy,
      'Cache-Control': 'no-store',
      // Without any, browsers would not say of a form where it comes from.
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cross-Origin-Opener-Policy': 'same-origin',
    })
    .type(type)
    .send(text)
}

function said(error: unknown): string {
  return error instanceof Failure && error.code === 'SIGN_IN_REFUSED' ? 'refused' : 'unavailable'
}

function addressOf({ socket }: Request): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}
