import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type * as z from 'zod/mini'
import { AgentConfig } from '#agent/config.ts'
import { socketName } from '#control-plane/access/break-glass.ts'
import { matrix } from '#control-plane/access/matrix.ts'
import { PlaneConfig } from '#control-plane/config.ts'
import { wirePath } from '#control-plane/replicas/wire/messages.ts'
import { sessionPath } from '#shared/protocol/messages.ts'
import { projectFolder } from '#test/support/parts.ts'

const page = await readFile(join(projectFolder, 'docs/security.md'), 'utf8')
const doors = page.slice(page.indexOf('\n## Doors\n'), page.indexOf('\n## An attempt to get in\n'))
const rows = doors.split('\n').filter((line) => /^\| (?!door |---)/.test(line))
const programs = { plane: PlaneConfig, agent: AgentConfig } as const

/** Ports that are connected to; all others are listened on. */
const elsewhere = new Set([
  'plane: journal.postgresql.port',
  'plane: journal.postgresql.listen',
  'plane: journal.postgresql.listen.port',
  'agent: services.*.port',
  'agent: services.*.metrics.port',
  'agent: services.*.checks.*.port',
  'agent: discovery.ignore.*.port',
  'agent: discovery.known.*.port',
  'plane: kubernetes.clusters.*.services.*.port',
])

for (const [program, schema] of Object.entries(programs)) {
  t.test(`docs/security.md has a row for every listener of the ${program}`, async (t) => {
    const named = [...new Set(portsIn(schema).map((path) => `${program}: ${path}`))]
    const listeners = named.filter((each) => !elsewhere.has(each))
    t.ok(listeners.length > 0)
    for (const each of listeners) {
      const [, path] = each.split(': ')
      t.ok(
        rows.some((row) => row.startsWith(`| ${program}: \`${path}\``)),
        each,
      )
    }
  })
}

t.test(
  'docs/security.md has a row for everything that is answered without a token, and for every upgrade',
  async (t) => {
    const open = matrix.filter(({ needs }) => needs === 'nothing').map(({ method, path }) => `${method} ${path}`)
    t.ok(open.length > 0)
    for (const door of [...open, sessionPath, wirePath, socketName]) {
      t.ok(
        rows.some((row) => row.split(' | ', 1)[0]?.includes(`\`${door}\``)),
        door,
      )
    }
  },
)

t.test('each door names tests that try it, and each of these is there', async (t) => {
  t.ok(rows.length > 20)
  for (const row of rows) {
    const last = row.split(' | ').at(-1) ?? ''
    const tests = [...last.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path]) => path ?? '')
    t.ok(tests.length > 0, row)
  }
  for (const [, path = ''] of page.matchAll(/`([\w./-]+\/[\w./-]+\.test\.ts)`/g)) {
    t.ok(
      await access(join(projectFolder, path)).then(
        () => true,
        () => false,
      ),
      path,
    )
  }
})

/** Where a schema has a port, or says where to listen. */
function portsIn(schema: z.core.$ZodType, path = ''): readonly string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([key, child]) => {
        const below = path === '' ? key : `${path}.${key}`
        const own = key === 'port' || key === 'listen' ? [below] : []
        return [...own, ...portsIn(child, below)]
      })
    case 'array':
      return portsIn(def.element, `${path}.*`)
    case 'record':
      return portsIn(def.valueType, `${path}.*`)
    case 'union':
      return def.options.flatMap((each) => portsIn(each, path))
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return portsIn(def.innerType, path)
    case 'pipe':
      return portsIn(def.in, path)
    default:
      return []
  }
}
