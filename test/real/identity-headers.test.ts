import t from 'tap'
import type { Listener } from '#control-plane/routing/table.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { serving } from '#test/support/routing/envoy-table.ts'
import { Echo, exchange, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'the proxies are not ready on this machine' : false

const ours = [
  'x-client-id',
  'x-heddle-subject',
  'x-heddle-gateway',
  'x-heddle-authenticator',
  'x-heddle-permissions',
  'x-heddle-to-https',
]

/** Every way to write a name with "-" or "_", and in other letters. */
function spellings(name: string): readonly string[] {
  const [first = '', ...rest] = name.split('-')
  const all = rest.reduce<readonly string[]>(
    (begun, part) => begun.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]),
    [first],
  )
  return all.flatMap((each) => [each, each.toUpperCase()])
}

/** What a server that reads "_" as "-" has of a header, each value apart. */
function readLoosely(headers: readonly string[]): readonly (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = []
  for (let at = 0; at < headers.length; at += 2) {
    pairs.push([(headers[at] ?? '').toLowerCase().replaceAll('_', '-'), headers[at + 1] ?? ''])
  }
  return pairs.filter(([name]) => name.startsWith('x-client') || name.startsWith('x-heddle'))
}

const attempts: readonly { readonly name: string; readonly lines: readonly string[] }[] = [
  ...ours.map((name) => ({
    name: `${name}, however it is spelt and however often`,
    lines: spellings(name).flatMap((each) => [`${each}: forged`, `${each}: forged again`]),
  })),
  { name: 'one without a value', lines: ['X-Client-Id:', 'x_client_id:'] },
  { name: 'one with spaces about it', lines: ['X-Client-Id:   forged  '] },
  { name: 'one that is said to belong to the connection', lines: ['Connection: keep-alive, x-client-id'] },
  { name: 'one of the words of Envoy', lines: ['x-envoy-original-path: /forged', 'X-Envoy-Max-Retries: 9'] },
]

await t.test('what says who asks comes from the listener alone, in both proxies', { skip }, async (t) => {
  await using echo = await new Echo().start()
  const [envoyWeb = 0, envoyOpen = 0, nginxWeb = 0, nginxOpen = 0] = await freePorts(4)
  const table = (web: number, open: number) => {
    const listener = (port: number, client: string | undefined): Listener => ({
      ...plainListener,
      ...{ name: `port-${port}`, port, client },
    })
    const listeners = [listener(web, 'web'), listener(open, undefined)]
    return plainTable(web, [plainRoute('/', 's')], { s: [plainEndpoint(echo.port)] }, { listeners })
  }
  await serving(t, table(envoyWeb, envoyOpen))
  const nginx = await serveTable(table(nginxWeb, nginxOpen))
  t.teardown(() => nginx[Symbol.asyncDispose]())
  for (const { name, lines } of attempts) {
    for (const [proxy, port, client] of [
      ['Envoy', envoyWeb, 'web'],
      ['Envoy', envoyOpen, undefined],
      ['Nginx', nginxWeb, 'web'],
      ['Nginx', nginxOpen, undefined],
    ] as const) {
      echo.seen.length = 0
      const before = echo.raw.length
      // Bytes: whatever a client writes, not what a library lets it write. The last request ends the connection.
      const last = 'GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
      const text = await exchange(port, `GET /first HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n${last}`)
      t.match(text, /^HTTP\/1\.1 200/, `${proxy}: ${name}`)
      const [first = []] = echo.raw.slice(before)
      t.strictSame(
        readLoosely(first),
        client === undefined ? [] : [['x-client-id', client]],
        `${proxy}, ${client ?? 'no client'}: ${name}`,
      )
      if (proxy === 'Envoy') t.notOk(first.includes('x-envoy-max-retries'), 'nor do words that only Envoy obeys pass')
    }
  }
})
