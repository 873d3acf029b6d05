export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands under a key of an object itself; undefined if nothing does. */
export function at(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined
}

/** Under which keys an envelope carries what it wraps. */
export const wrappers = ['data', 'result', 'payload', 'response'] as const

/** Whether an answer wraps what it has to say in `data`. */
export function isEnvelope(json: object): boolean {
  return ['code', 'message', 'msg', 'success', 'status'].some((key) => key in json)
}

/** The JSON that a text is, also one that is a JSON text in a JSON string; undefined if it is none. */
export function parseJson(text: string): unknown {
  const value = parseOnce(text)
  const inner = typeof value === 'string' && /^\s*[[{]/.test(value) ? parseOnce(value) : undefined
  return inner === undefined ? value : inner
}

function parseOnce(text: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  if (!/^[[{"tfn\d-]/.test(trimmed)) return undefined
  try {
    return JSON.parse(trimmed)
  } catch {
    return undefined
  }
}
