import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from './support/parts.ts'

/** A name that connects, out of a module by which one can. */
const opens =
  /import (?!type)[^']*?\b(?:request|connect|createConnection|lookup|resolve\w*|Client|Pool|(?<!type )WebSocket|got|probe|judgedLookup)\b[^']*? from '(?:node:(?:http|https|net|tls|http2|dgram|dns|dns\/promises)|undici|got|ws|openid-client|@grpc\/grpc-js|pg|#shared\/probe\/(?:probe|judged-lookup)\.ts)'|\bfetch\(/

/**
 * Every file of the plane that can connect to somewhere, and what in it keeps it from being sent elsewhere by somebody who may not say where:
 * a new one gets a row here and in docs/hardening.md once it is known who says where it goes.
 */
const guards: Readonly<Record<string, RegExp>> = {
  // By the configuration of the plane alone.
  'consul/exchange.ts': /url: URL/,
  'consul/stream.ts': /url: URL/,
  'kubernetes/ask-api.ts': /access\.server/,
  'journal/postgresql/listen.ts': /ClientConfig/,
  'journal/postgresql/pool.ts': /Config/,
  'zervi/client.ts': /config/i,
  // By the row of another plane in the store that they share, which proves who it is.
  'plane/forward.ts': /ca\b/,
  'replicas/wire/link.ts': /proof/i,
  // By what others announce: judged once it is resolved.
  'foreign/lint/probe.ts': /judgedLookup\(/,
  'ingest/agents/vantage/ask-vantage.ts': /mayReach/,
  'ingest/cluster-api/watch-services.ts': /mayReach/,
  // By what a provider answers.
  'sign-in/oidc-fetch.ts': /mayAsk\(/,
  // A script for browsers, which asks where it came from.
  'sign-in/assets.ts': /fetch\('\/sign-in\//,
}

t.test('every place that connects somewhere is kept from being sent elsewhere, and is known', async (t) => {
  const page = await readFile(join(projectFolder, 'docs/hardening.md'), 'utf8')
  const folder = join(projectFolder, 'control-plane')
  const found = new Set<string>()
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
    const text = await readFile(join(folder, file), 'utf8')
    if (!opens.test(text)) continue
    found.add(file)
    t.match(text, guards[file] ?? /nobody has said what keeps it/, file)
    t.ok(page.includes(`control-plane/${file}`), `docs/hardening.md names ${file}`)
  }
  t.strictSame([...found].sort(), Object.keys(guards).sort())
})
