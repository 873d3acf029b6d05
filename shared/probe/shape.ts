export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an answer wraps what it has to say in `data`. */
export function isEnvelope(json: object): boolean {
  return ['code', 'message', 'msg', 'success', 'status'].some((key) => key in json)
}
