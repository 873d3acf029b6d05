/**
 * What a claim grants: an array of texts, or one text with spaces between them. Everything else grants nothing. Never throws.
 */
export function permissionsIn(claim: unknown): ReadonlySet<string> {
  if (typeof claim === 'string') return new Set(words(claim))
  if (!Array.isArray(claim)) return new Set()
  return new Set(claim.filter((each) => typeof each === 'string' && each !== ''))
}

/** The permissions that a route asks for, as a header names them. */
export function wantedIn(header: string | undefined): readonly string[] {
  return words(header ?? '')
}

/** Whether all that is wanted is there. */
export function holdsAll(permissions: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.every((each) => permissions.has(each))
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}
