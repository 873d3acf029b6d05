import { namesSecret, secretField } from './secret-setting.ts'

/** What stands where a secret was. */
export const redacted = '[redacted]'
const mostDepth = 20

/**
 * What is kept of something that others register: values whose names are those of secrets, and texts that hold one, are not. The same
 * object where there is none. Rather too often than not; numbers of tokens (`max_tokens`) and what is true or false stay.
 */
export function withoutSecrets<T>(value: T): T {
  return cleaned(value, 0) as T
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return secretField('', value) === undefined ? value : redacted
  if (typeof value !== 'object' || value === null) return value
  // Nobody looks for anything so deep.
  if (depth >= mostDepth) return redacted
  if (Array.isArray(value)) {
    const items = value.map((each) => cleaned(each, depth + 1))
    return items.every((each, index) => each === value[index]) ? value : items
  }
  let same = true
  const entries = Object.entries(value).map(([name, each]) => {
    const kept = isSecret(name, each) ? redacted : cleaned(each, depth + 1)
    if (kept !== each) same = false
    return [name, kept] as const
  })
  return same ? value : Object.fromEntries(entries)
}

function isSecret(name: string, value: unknown): boolean {
  if (typeof value === 'boolean' || value === null || value === undefined || value === '' || !namesSecret(name))
    return false
  return !(
    /tokens$/i.test(name) &&
    (typeof value === 'number' || (typeof value === 'string' && /^\d{1,9}$/.test(value)))
  )
}
