import type { RouteTable } from '../table.ts'
import { fulfilsAll, type RoutedRequest } from './request-match.ts'
import type { Split } from './split.ts'
import { isAmong } from './user-hash.ts'

/** Which side of a split takes a request, and why: one sentence. `side` undefined: nothing here says who sent it. */
export type Side = { readonly side: 'canary' | 'baseline' | undefined; readonly why: string }

/** @param proxy each kind has its own way to draw the users of a share; undefined: whichever */
export function sideOf(split: Split, request: RoutedRequest, proxy: RouteTable['proxy'] | undefined): Side {
  const { cohort, permille, by } = split
  const share = `${permille / 10}% of the users`
  if (cohort !== undefined && fulfilsAll(cohort, request)) {
    return { side: 'canary', why: 'it fulfils what the cohort asks of headers' }
  }
  if (permille === 0)
    return { side: 'baseline', why: `no users are on the canary${cohort ? ' besides the cohort' : ''}` }
  if (permille === 1000) return { side: 'canary', why: 'all users are on the canary' }
  const user = userOf(by, request)
  if (user === undefined || proxy === undefined) {
    return { side: undefined, why: `${share} are on the canary, by ${keyText(by)}, which is not known here` }
  }
  const side = isAmong(permille, user.value, proxy) ? 'canary' : 'baseline'
  return { side, why: `${share} are on the canary, and this one by ${user.by} ${side === 'canary' ? 'is' : 'is not'}` }
}

function keyText(by: Split['by']): string {
  return by.kind === 'address' ? 'address' : `${by.kind} ${by.name} or else by address`
}

/** By what the sender of a request is known; undefined: its address is wanted and not known. */
function userOf(by: Split['by'], { headers = [], address }: RoutedRequest) {
  const value =
    by.kind === 'header'
      ? headers.find(([name]) => name.toLowerCase() === by.name)?.[1].trim()
      : by.kind === 'cookie'
        ? cookieOf(headers, by.name)
        : undefined
  if (value) return { value, by: by.kind === 'address' ? '' : `${by.kind} ${by.name}` }
  return address === undefined ? undefined : { value: address, by: 'address' }
}

function cookieOf(headers: readonly (readonly [string, string])[], wanted: string): string | undefined {
  const pairs = headers.filter(([name]) => name.toLowerCase() === 'cookie').flatMap(([, value]) => value.split(';'))
  const pair = pairs.map((each) => each.trim()).find((each) => each.startsWith(`${wanted}=`))
  return pair?.slice(wanted.length + 1)
}
