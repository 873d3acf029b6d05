import fc from 'fast-check'

type Schema = { readonly [key: string]: unknown }

/** Texts that would steer a terminal, beside texts that just look odd. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '\u001b[2J\u001b[H',
    '\u001b]0;title\u0007',
    '\u001b]52;c;aGk=\u001b\\',
    '\u009b2J',
    'ok\rfailed',
    'a\u0000b',
    'a\u202eb',
    '\u2066x\u2069',
    '\u061cx',
    'x\u2028y',
    'x\u0085y',
    '\u001b[32mgreen',
    '\ud83d',
    '\u007f\u0008\u0008',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `\u001b${text}`),
)

/** Values as a JSON Schema wants them, hostile wherever it lets them be. */
export function hostileView(schema: Schema, root: Schema = schema): fc.Arbitrary<unknown> {
  const of = (part: unknown) => hostileView(part as Schema, root)
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  if (typeof schema.$ref === 'string') {
    const path = schema.$ref
      .replace(/^#\/?/, '')
      .split('/')
      .filter((key) => key !== '')
    const found = path.reduce<Schema>((part, key) => part[key] as Schema, root)
    // What holds itself ends here.
    return fc.constant(null).chain(() => hostileView(found, root))
  }
  const forms = schema.anyOf ?? schema.oneOf
  if (Array.isArray(forms)) return fc.oneof(...forms.map(of))
  if (Array.isArray(schema.allOf)) return fc.tuple(...schema.allOf.map(of)).map((all) => Object.assign({}, ...all))
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
    case 'number': {
      const least = Math.ceil(Math.max(Number(schema.minimum ?? 0), 0))
      return fc.integer({
        min: least,
        max: Math.max(least, Math.floor(Math.min(Number(schema.maximum ?? 1_000), 1_000))),
      })
    }
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const least = Number(schema.minItems ?? 0)
      return fc.array(of(schema.items ?? {}), { minLength: least, maxLength: Math.max(least, 2) })
    }
    case 'object':
      return object(schema, of)
    default:
      return hostileText
  }
}

function text({ pattern, maxLength, format }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constant('2026-03-01T10:00:00.000Z')
  if (typeof pattern === 'string') {
    const fits = new RegExp(pattern, 'u')
    return fc
      .oneof({ weight: 3, arbitrary: hostileText }, { weight: 1, arbitrary: fc.constant('x') })
      .map((said) => (fits.test(said) ? said : sample(pattern)))
  }
  return hostileText.map((said) => said.slice(0, Number(maxLength ?? 100)))
}

function sample(pattern: string): string {
  return fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: 1, seed: 1 })[0] ?? ''
}

function object(schema: Schema, of: (part: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Schema)
  const required = new Set((schema.required ?? []) as string[])
  const own = fc.record(Object.fromEntries(properties.map(([name, part]) => [name, of(part)])), {
    requiredKeys: properties.map(([name]) => name).filter((name) => required.has(name)),
  })
  const { additionalProperties: more } = schema
  if (typeof more !== 'object' || more === null) return own
  return fc
    .tuple(own, fc.dictionary(hostileText, of(more), { maxKeys: 2 }))
    .map(([fixed, free]) => ({ ...free, ...fixed }))
}
