import { type JsonSchema, keysOf } from './json-schema.ts'

const head = `# Declaration of routes: every key

Made from the schema that reads declarations, by \`node test/support/write-declaration-pages.ts\`; do not edit it. \`heddle schema\` prints
the same as JSON Schema ([declaration.schema.json](declaration.schema.json)), which editors take:

\`\`\`yaml
# yaml-language-server: $schema=./declaration.schema.json
\`\`\`

\`*\` stands for a name that you choose, \`[]\` for an entry of a list. Durations are \`500ms\`, \`5s\`, \`10m\`, \`24h\`. How routes are tried is in
[routing.md](routing.md), a first route in [guides/write-a-route.md](guides/write-a-route.md).
`

/** The reference page: a section for each key at the top, with all keys below it. */
export function declarationReference(schema: JsonSchema): string {
  const sections = Object.entries(schema.properties ?? {}).map(([name, part]) => {
    const keys = keysOf(part, name).filter(([, { description }]) => description !== undefined)
    const required = requiredKeys(part, name)
    const rows = keys.map(([path, key]) => {
      const must = required.has(path) ? 'required' : defaultText(key.default)
      return `| \`${path}\` | ${typeText(key)} | ${must} | ${key.description} |`
    })
    return `## ${name}\n\n${part.description}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `${head}\n${sections.join('\n')}`
}

function requiredKeys(schema: JsonSchema, path: string): ReadonlySet<string> {
  const all = [[path, schema] as const, ...keysOf(schema, path)]
  const forms = all.flatMap(([at, each]) => [each, ...(each.anyOf ?? [])].map((form) => [at, form] as const))
  return new Set(forms.flatMap(([at, { required = [] }]) => required.map((key) => `${at}.${key}`)))
}

function typeText(schema: JsonSchema): string {
  const { type, enum: values, anyOf, items, additionalProperties } = schema
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ')
  if ('const' in schema) return `\`${String(schema.const)}\``
  if (anyOf) return [...new Set(anyOf.map(typeText))].join(' or ')
  if (type === 'array') return items ? `list of ${typeText(items)}` : 'list'
  if (type === 'object') return typeof additionalProperties === 'object' ? 'keys with values' : 'keys'
  const { minimum, maximum } = schema
  const bounds = minimum === undefined ? '' : ` ${String(minimum)} to ${String(maximum)}`
  return `${type === 'integer' ? 'number' : type === 'string' ? 'text' : type === 'boolean' ? 'true or false' : 'any'}${bounds}`
}

function defaultText(value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === '' || text === '[]' || text === '{}' ? 'none' : `\`${text}\``
}
