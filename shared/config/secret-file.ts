import { join } from 'node:path'
import * as z from 'zod/mini'

/** What each setting that names the file of a secret is for. */
export const secretSettings = z.registry<{ readonly what: string; readonly credential: string }>()

const prefix = 'credential:'

/**
 * A setting that names the file in which a secret is: a path, or `credential:<name>` for one that systemd hands over (`LoadCredential=`).
 * Secrets themselves are in no setting, argument or variable of the environment: others read those.
 * @param what the secret, for people; @param credential the name that its credential has in the examples
 */
export function secretFile(what: string, credential: string) {
  const text = z.string({ error: `expected a file, or ${prefix}<name>` }).check(
    z.minLength(1),
    z.maxLength(4096),
    z.refine((said) => !said.startsWith(prefix) || credentialPath(said) !== undefined, {
      error: `expected ${prefix}<name> of a credential that systemd hands over (LoadCredential=), or a file`,
    }),
  )
  const setting = z.pipe(
    text,
    z.transform((said: string) => credentialPath(said) ?? said),
  )
  return setting.register(secretSettings, { what, credential })
}

/** Where systemd has put the credential that a setting names; undefined: it names none, or systemd has handed over none. */
export function credentialPath(said: string, folder = process.env.CREDENTIALS_DIRECTORY): string | undefined {
  if (!said.startsWith(prefix) || folder === undefined || !folder.startsWith('/')) return undefined
  const name = said.slice(prefix.length)
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name) ? join(folder, name) : undefined
}

export type SecretSetting = { readonly path: string; readonly what: string; readonly credential: string }

/** Every setting of a schema that names the file of a secret, in the schema's order. */
export function secretsIn(schema: z.core.$ZodType, path = ''): readonly SecretSetting[] {
  const known = secretSettings.get(schema)
  if (known !== undefined) return [{ path, ...known }]
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([key, child]) => secretsIn(child, path === '' ? key : `${path}.${key}`))
    case 'array':
      return secretsIn(def.element, `${path}.*`)
    case 'record':
      return secretsIn(def.valueType, `${path}.*`)
    case 'union':
      return def.options.flatMap((each) => secretsIn(each, path))
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return secretsIn(def.innerType, path)
    case 'pipe':
      return [...secretsIn(def.in, path), ...secretsIn(def.out, path)]
    default:
      return []
  }
}
