import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { WebSocket } from 'ws'
import { instanceTooSlow, noToken, noWebsocket, tooMany } from '#control-plane/routing/answers.ts'
import { arrivedIn, eachProxy, said } from '#test/support/platform/each-proxy.ts'
import { noPlatform, Platform } from '#test/support/platform/platform.ts'
import type { FullAnswer } from '#test/support/routing/envoy-table.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const skip = await noPlatform()

await t.test(
  'requests of the platform are bounded, repeated, copied and passed on alike by both proxies',
  { skip },
  async (t) => {
    await using platform = await Platform.start()
    const user = platform.bearer()
    const each = eachProxy(t)

    await each('an answer that takes too long is given up', async (t, proxy) => {
      t.strictSame(
        said(await platform.ask(proxy, '/api/statistics/a?delay_ms=8000', { headers: user })),
        instanceTooSlow,
      )
      t.equal((await platform.ask(proxy, '/api/statistics/a?delay_ms=50', { headers: user })).status, 200)
    })

    await each('what an instance breaks off is repeated on another one, as its method allows', async (t, proxy) => {
      const statuses = async (method: string) => {
        const found: number[] = []
        for (let count = 0; count < 6; count += 1) {
          const asking = { method, headers: { ...user, 'x-proxy': proxy } }
          found.push((await platform.ask(proxy, '/api/jobs/7?reset=1', asking)).status)
        }
        return [...new Set(found)]
      }
      t.strictSame(await statuses('GET'), [200])
      const broken = (await platform.arrived()).filter(({ url, headers, instance }) => {
        return url.includes('reset') && headers['x-proxy'] === proxy && instance === 'job-service-1'
      })
      t.ok(broken.length > 0, 'some came to the one that breaks off')
    })

    await each('statistics see a copy of what banners are asked', async (t, proxy) => {
      const path = `/api/banners/of-${proxy}`
      // One in ten comes to a version that nobody serves yet.
      await waitFor(() => platform.ask(proxy, path, { method: 'POST', body: 'spring' }), {
        what: 'the version that is served',
        withinMs,
        until: ({ status }) => status === 200,
      })
      const copies = async () =>
        (await platform.arrived()).filter(({ service, url }) => service === 'statistics-service' && url === path)
      const [copy] = await waitFor(copies, { what: 'the copy', withinMs, until: (found) => found.length > 0 })
      t.match(copy, { method: 'POST', body: [6, String] })
    })

    await each('a WebSocket passes where the route lets it, with its token', async (t, proxy) => {
      const connected = async (path: string, headers: object) => {
        const socket = new WebSocket(`ws://127.0.0.1:${platform.placed.ports[proxy]['client-b']}${path}`, {
          headers: { ...headers },
        })
        const failed = once(socket, 'unexpected-response').then(([, response]) => response)
        socket.on('error', () => {})
        const opened = await Promise.race([once(socket, 'open').then(() => undefined), failed])
        if (opened) return said({ status: opened.statusCode, headers: opened.headers, body: await text(opened) })
        socket.send('hello')
        const [answer] = await once(socket, 'message')
        socket.close()
        return String(answer)
      }
      t.equal(
        await connected('/api/notifications/socket', user),
        'notification-service-1 /api/notifications/socket client-b hello',
      )
      t.strictSame(await connected('/api/notifications/socket', {}), noToken)
      t.strictSame(await connected('/api/notifications/other', user), noWebsocket)
    })

    await each('a stream is passed on as it comes', async (t, proxy) => {
      const port = platform.placed.ports[proxy]['client-a']
      const response = await fetch(`http://127.0.0.1:${port}/api/ai/ask?stream=1`, {
        headers: user,
        signal: AbortSignal.timeout(withinMs),
      })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      t.match(await reader?.read(), { value: 'first\n', done: false }, 'before there is any more')
      // Which cluster answers may change by what is measured.
      for (const cluster of ['zervigo', 'looma'] as const) await platform.release(cluster)
      t.match(await reader?.read(), { value: 'second\n', done: false })
      t.match(await reader?.read(), { done: true })
    })

    await each('a client has its own rate, and so has a route', async (t, proxy) => {
      // All at once: what comes back into a bucket meanwhile is little.
      const answers = (path: string, listener: string, count: number) =>
        Promise.all(Array.from({ length: count }, () => platform.ask(proxy, path, { listener, headers: user })))
      const passed = (all: readonly FullAnswer[]) => all.filter(({ status }) => status === 200).length
      const refused = (all: readonly FullAnswer[]) => all.filter(({ status }) => status === 429)
      const limited = await answers('/api/companies', 'client-e', 60)
      t.ok(passed(limited) >= 10, `${passed(limited)} of 60`)
      for (const answer of refused(limited)) t.strictSame(said(answer), tooMany)
      t.equal(passed(limited) + refused(limited).length, 60)
      t.ok(refused(await answers('/api/users/7', 'client-e', 30)).length > 0, 'on all its routes')
      t.equal(passed(await answers('/api/users/7', 'client-a', 30)), 30, 'nobody else')
      const banners = refused(await answers('/api/banners/b', 'client-a', 60)).length
      t.ok(banners > 0 && banners <= 42, `${banners} of 60 over the rate of the route`)
    })

    await each('plain requests are sent to https, but challenges of certificates', async (t, proxy) => {
      const { ports } = platform.placed
      const headers = { host: 'api.platform.example' }
      const sent = await platform.ask(proxy, '/api/users/7?x=1', { listener: 'plain', headers })
      t.match(sent, {
        status: 308,
        headers: { location: `https://api.platform.example:${ports[proxy].secure}/api/users/7?x=1` },
      })
      const challenge = await platform.ask(proxy, '/.well-known/acme-challenge/token', { listener: 'plain', headers })
      t.match(arrivedIn(challenge), { service: 'acme-responder', url: '/.well-known/acme-challenge/token' })
      for (const [name, shown] of [
        ['api.platform.example', 'api.platform.example'],
        ['else.platform.example', 'others.platform.example'],
      ] as const) {
        const secure = await platform.askTls(proxy, '/api/auth/a', name)
        t.match(secure, { status: 200, shown })
        t.match(arrivedIn(secure).headers, { 'x-forwarded-proto': 'https', host: name })
      }
      t.match(said(await platform.ask(proxy, '/api/companies', { listener: 'client-d' })), noToken)
    })
  },
)
