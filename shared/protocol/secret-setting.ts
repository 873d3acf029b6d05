/** In which field of a setting a secret is. */
export type SecretField = 'config_key' | 'config_value'

/** Whether a setting holds what must not be taken over, by what its key is called or by its value. Rather too often than not. */
export function secretField(key: string, value: string): SecretField | undefined {
  if (namesSecret(key)) return 'config_key'
  return holdsSecret(value) ? 'config_value' : undefined
}

/** `dbPassword`, `jwt.secret.key`, `password_prod`; but no `password_length`. */
export function namesSecret(key: string): boolean {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
  // The last word says what it is.
  if (ofSecrets.has(words.at(-1) ?? '')) return false
  return words.some(
    (word, index) => secretWord.test(word) || (keyWord.test(word) && keyOf.test(words[index - 1] ?? '')),
  )
}

const secretWord =
  /passw(or)?d|passphrase|passcode|pwd|secret(?!ar)|credential|tokens?\d*$|^(pass|hash(es)?|salt)s?\d*$|(api|access|private|signing|encryption)keys?\d*$|密码|密钥|口令|令牌/
const keyWord = /^keys?\d*$/
const keyOf = /^(signing|encryption|jwt|tls|ssl|secret|private|access|api|master|hmac|auth|session|cookie)$/
const ofSecrets: ReadonlySet<string> = new Set([
  ...['length', 'size', 'count', 'limit', 'rounds', 'rate', 'policy', 'algorithm', 'enabled', 'required'],
  ...['ttl', 'expiry', 'expires', 'expiration', 'lifetime', 'timeout', 'age', 'interval'],
  ...['second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days', 'path', 'file'],
])

/** A URL or an address of a database with a password in it, a private key, or a member of JSON that is called like a secret. */
function holdsSecret(value: string): boolean {
  if (patterns.some((pattern) => pattern.test(value))) return true
  return value.matchAll(/"([^"\\]{1,200})"\s*:\s*["\d]/g).some(([, key = '']) => namesSecret(key))
}

// Values may be long: none of these looks at a text again and again.
const patterns: readonly RegExp[] = [
  /:\/\/[^\s/?#@:]*:[^\s/?#@]+@/,
  /:[^\s:@]{1,200}@(tcp|unix)\(/i,
  /\b(password|passwd|pwd)\s?=\s?[^\s;&]/i,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/,
]
