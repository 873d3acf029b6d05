import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Command } from 'commander'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { createProgram, run } from '#cli/program.ts'
import { operations } from '#control-plane/api/openapi/operations.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { hostileText, hostileView } from '#test/support/hostile-views.ts'

t.setTimeout(120_000)

/** What a terminal must never see, besides line ends, tabs and what progress writes over its own line. */
const steers = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
const ourOwn = /[\n\t]|\r(?:\u001b\[2?K)?/g
const seeds = [1, 2, 3, 4]

const answers = operations.map(({ method, path, answer, media }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^/v1${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  media: media ?? 'application/json',
  view: hostileView(z.toJSONSchema(answer, { io: 'output', unrepresentable: 'any' }) as Record<string, unknown>),
}))

/** A plane that answers as the API's schemas have it, and that is as hostile as they let it be. */
async function hostilePlane() {
  let seed = 1
  let refuses = false
  const server = createServer((request, response) => {
    const found = find(request)
    if (!found || refuses) {
      const problem = { type: 'about:blank', title: `${sampleText(seed)}`, status: 409, detail: sampleText(seed + 1) }
      response.writeHead(found ? 409 : 404, { 'content-type': 'application/problem+json' })
      return response.end(JSON.stringify({ ...problem, code: sampleText(seed), remedy: sampleText(seed + 2) }))
    }
    const [view] = fc.sample(found.view, { numRuns: 1, seed })
    response.writeHead(200, { 'content-type': found.media })
    return response.end(typeof view === 'string' && !found.media.includes('json') ? view : JSON.stringify(view))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    as: (next: number, refusing: boolean) => {
      seed = next
      refuses = refusing
    },
  }
}

function find({ method, url = '/' }: IncomingMessage) {
  const path = url.split('?', 1)[0] ?? ''
  return answers.find((each) => each.method === method && each.pattern.test(path))
}

function sampleText(seed: number): string {
  return fc.sample(hostileText, { numRuns: 1, seed })[0] ?? ''
}

await using made = await temporaryFolder('cli-hostile')
const folder = made.path
const declaration = join(folder, 'routes.yaml')
await writeFile(
  declaration,
  'gateways:\n  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: 18080 }] }\nroutes: [{ prefix: /, service: crm }]\n',
)
const odd = join(folder, 'odd.yaml')
await writeFile(odd, 'gateways: {}\n"\\e[2Jkey\\u202e": "\\e]0;x\\a"\n')
await mkdir(join(folder, 'conf'))
await writeFile(
  join(folder, 'conf', 'nginx.conf'),
  'http { server { listen 80; \u001b[2Jx y; location /\u202e { return 200; } } }\n',
)
await writeFile(join(folder, 'rows.json'), JSON.stringify({ service_registry: [{ id: 1, name: '\u001b[2J\u202e' }] }))
await writeFile(join(folder, 'document.json'), '{}')

/** What commands are given, where any text will not do; others get a text for each thing that they need. */
const given: Readonly<Record<string, readonly string[]>> = {
  'federation decide': ['ai'],
  'log-level': ['n1', 'info'],
  'settings show': ['default'],
  'settings nodes': ['default'],
  'settings set': ['default', '--file', join(folder, 'document.json'), '--comment', 'x'],
  'settings rollback': ['default', '--to', '1', '--comment', 'x'],
  validate: [odd],
  plan: [declaration],
  apply: [declaration, '--comment', 'x'],
  history: [],
  diff: ['1', '2'],
  rollback: ['1', '--comment', 'x'],
  'audit export': [join(folder, 'audit.jsonl')],
  'token create': ['x', '--role', 'viewer', '--reason', 'x', '--out', join(folder, 'token')],
  'import config': [odd],
  'import nginx': [join(folder, 'conf')],
  'import routes': [odd],
  'import registry': [join(folder, 'rows.json')],
  doctor: [odd],
  'user create': ['x', '--role', 'viewer', '--reason', 'x'],
  'user role': ['x', 'viewer', '--reason', 'x'],
  'upgrade key': ['--out', join(folder, 'release.key')],
  'upgrade pause': ['1', '--reason', 'x'],
  'upgrade resume': ['1', '--reason', 'x'],
  'upgrade stop': ['1', '--reason', 'x'],
}
const shown = [
  'status',
  'services',
  'nodes',
  'instances',
  'events',
  'drift',
  'discovered',
  'settings list',
  'history',
  'history 1',
  'split list',
  'token list',
  'audit list',
  'identity list',
]

function leaves(command: Command, name: readonly string[]): readonly { name: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ name, command }]
  return command.commands.flatMap((inner) => leaves(inner, [...name, inner.name()]))
}

function argumentsOf(name: readonly string[], command: Command): readonly string[] {
  const known = given[name.join(' ')]
  if (known) return known
  const wanted = command.registeredArguments.filter(({ required }) => required).map(() => 'x')
  const options = command.options.filter(({ mandatory, long }) => mandatory || long === '--reason')
  return [...wanted, ...options.flatMap(({ long, flags }) => [long ?? '', /<n>/.test(flags) ? '1' : 'x'])]
}

const plane = await hostilePlane()
const program = createProgram(capturedTerminal().terminal, () => {
  throw new Error('no command is run here')
})

/** Runs a command before a terminal without colours, and returns what that saw. */
async function seen(args: readonly string[]): Promise<string> {
  const environment = { HEDDLE_PLANE: plane.address, NO_COLOR: '1' }
  const { terminal, out, err } = capturedTerminal({ environment, isTerminal: true })
  await run(args, terminal)
  return out() + err()
}

const lines = leaves(program, []).map(({ name, command }) => ({
  name: name.join(' '),
  words: [...name, ...argumentsOf(name, command)],
}))

for (const { name, words } of [...lines, { name: 'history 1', words: ['history', '1'] }]) {
  // Who waits for something waits in vain here.
  const timeout = shown.includes(name) ? '20s' : '400ms'
  const args = [...words, '--timeout', timeout]
  await t.test(`nothing that heddle ${name} shows steers the terminal`, async (t) => {
    let marked = 0
    for (const seed of seeds) {
      for (const refuses of [false, true]) {
        plane.as(seed, refuses)
        for (const form of refuses ? [args] : [args, [...args, '--json']]) {
          const text = await seen(form)
          const left = text.replace(ourOwn, '')
          if (steers.test(left)) t.fail(`${form.join(' ')} (seed ${seed}): ${JSON.stringify(left.slice(0, 2_000))}`)
          if (text.includes('(--help shows')) t.fail(`${form.join(' ')} is no command line: ${text}`)
          if (text.includes('\ufffd')) marked += 1
        }
        if (refuses && seed > 1) break
      }
    }
    if (shown.includes(name)) t.ok(marked > 0, 'something hostile was there to be shown')
    else t.pass()
  })
}
