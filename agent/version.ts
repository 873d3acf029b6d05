import { readFileSync } from 'node:fs'

/** The version of this installation. */
export function agentVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version?: unknown }
  return typeof version === 'string' ? version : '0.0.0'
}
