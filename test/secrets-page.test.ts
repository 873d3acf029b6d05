import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type * as z from 'zod/mini'
import { AgentConfig } from '#agent/config.ts'
import { PlaneConfig } from '#control-plane/config.ts'
import { secretsIn } from '#shared/config/secret-file.ts'
import { namesSecret } from '#shared/protocol/secret-setting.ts'
import { projectFolder } from '#test/support/parts.ts'

const page = await readFile(join(projectFolder, 'docs/secrets.md'), 'utf8')
const programs = { plane: PlaneConfig, agent: AgentConfig } as const

for (const [program, schema] of Object.entries(programs)) {
  t.test(`docs/secrets.md has every secret of the ${program}, by its setting`, async (t) => {
    const rows = secretsIn(schema).map(
      ({ path, what, credential }) => `| ${program} | \`${path}\` | ${what} | \`${credential}\` |`,
    )
    t.ok(rows.length > 0)
    for (const row of rows) t.ok(page.includes(row), row)
    t.equal(page.split(`\n| ${program} | `).length - 1, rows.length, 'and no other')
  })

  t.test(`no setting of the ${program} holds a secret itself`, async (t) => {
    const secret = new Set(secretsIn(schema).map(({ path }) => path))
    // How long tokens count and the like: called after secrets, and none.
    const harmless = [/^access\.token_lifetime$/, /^identity\.first_token(\.|$)/, /^identity\.refused_per_minute$/]
    for (const path of pathsIn(schema)) {
      const name = path.split('.').findLast((part) => part !== '*') ?? ''
      if (secret.has(path) || harmless.some((pattern) => pattern.test(path))) continue
      t.notOk(namesSecret(name.replace(/_file$/, '')), path)
    }
  })
}

/** Every setting of a schema that holds no others. */
function pathsIn(schema: z.core.$ZodType, path = ''): readonly string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([key, child]) => pathsIn(child, path === '' ? key : `${path}.${key}`))
    case 'array':
      return pathsIn(def.element, `${path}.*`)
    case 'record':
      return pathsIn(def.valueType, `${path}.*`)
    case 'union':
      return def.options.flatMap((each) => pathsIn(each, path))
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return pathsIn(def.innerType, path)
    case 'pipe':
      return pathsIn(def.in, path)
    default:
      return [path]
  }
}
