/** How one attempt on an instance ended. */
export type Ending =
  | { readonly kind: 'answered'; readonly status: number }
  /** No connection came about: nothing was sent. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The connection broke before the whole answer was there: the instance may have acted. */
  | { readonly kind: 'reset'; readonly code: string }
  /** The time of the whole call was over. */
  | { readonly kind: 'timeout' }
  /** The caller gave it up. */
  | { readonly kind: 'given-up' }

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Whether another instance may be tried: the rule of the gateways (docs/routing.md). */
export function mayRepeat({ kind }: Ending, method: string): boolean {
  return kind === 'refused' || (kind === 'reset' && repeatable.has(method))
}

/** What it says of the instance. 502 to 504 are what proxies answer for an instance that failed. */
export function judgementOf(ending: Ending): 'good' | 'bad' | 'none' {
  if (ending.kind === 'answered') return ending.status >= 502 && ending.status <= 504 ? 'bad' : 'good'
  return ending.kind === 'given-up' ? 'none' : 'bad'
}

const neverConnected = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** How a request ended that broke with an error. */
export function endingOf(code: string, connected: boolean): Ending {
  return !connected || neverConnected.has(code) ? { kind: 'refused', code } : { kind: 'reset', code }
}

/** One word and what belongs to it: `refused ECONNREFUSED`. */
export function endingText(ending: Ending): string {
  switch (ending.kind) {
    case 'answered':
      return `answered ${ending.status}`
    case 'refused':
    case 'reset':
      return `${ending.kind} ${ending.code}`
    case 'timeout':
    case 'given-up':
      return ending.kind
  }
}
