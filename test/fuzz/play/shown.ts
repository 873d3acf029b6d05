const most = 4_000

/** An input for people to read: bytes as a text in Latin-1, of what is long the beginning. */
export function shown(input: unknown): string {
  const text = JSON.stringify(input, (_key, value: unknown) => asText(value)) ?? String(input)
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`
}

function asText(value: unknown): unknown {
  // What a Buffer makes of itself comes first.
  if (isBufferJson(value)) return { bytes: Buffer.from(value.data).toString('latin1') }
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('latin1') } : value
}

function isBufferJson(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
}
