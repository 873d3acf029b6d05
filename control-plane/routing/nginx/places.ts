import { sidesOf } from '../table/split.ts'
import type { Action, Choice, Forward, Route, Split } from '../table.ts'
import type { Names } from './names.ts'
import { textWord } from './texts.ts'

/** A location to which requests of a route go: each service that the route leads to has its own. */
export type Place = {
  readonly id: string
  readonly route: Route
  /** The place of the route in the table. */
  readonly index: number
  /** undefined: the route answers by itself. */
  readonly service: string | undefined
  /** For so long an instance may be silent. */
  readonly silenceMs: number
}

/** A stream may be silent for so long, and so may a WebSocket, whatever its route says of answers. */
export const mostSilenceMs = 300_000

export function placesOf({ routes }: { readonly routes: readonly Route[] }): readonly Place[] {
  return routes.flatMap((route, index): readonly Place[] => {
    const { action } = route
    const id = `r${index}`
    if (action.kind !== 'forward') return [{ id, route, index, service: undefined, silenceMs: 0 }]
    const { timeoutMs: silenceMs = mostSilenceMs } = action
    const places = sidesOf(action).map((service, place) => {
      return { id: hasLots(action) ? `${id}-${place}` : id, route, index, service, silenceMs }
    })
    const apart = places.map((place) => ({ ...place, id: `${place.id}${websocketEnd}`, silenceMs: mostSilenceMs }))
    return hasWebsockets(route) ? [...places, ...apart] : places
  })
}

/** What the places of a route are called where requests become WebSockets. */
export const websocketEnd = '-ws'

/** Whether WebSockets go to places of their own: nginx cannot tell how long a connection may be silent but by its place. */
export function hasWebsockets({ action }: Route): boolean {
  return action.kind === 'forward' && action.websocket && (action.timeoutMs ?? mostSilenceMs) < mostSilenceMs
}

/** Which of the places of a split is the canary's, and which the baseline's. */
export const canaryPlace = 0
const baselinePlace = 1

/** Whether a route has several places, one for each service. */
function hasLots(action: Forward): boolean {
  return sidesOf(action).length > 1
}

/** What the place of a request is called after its route: nothing, where the route has one place only. @param drawn the variable with the lot */
export function lotOf(action: Action, drawn: string): string {
  if (action.kind !== 'forward' || !hasLots(action)) return ''
  if (!action.split || isDrawn(action.split)) return `-${drawn}`
  return `-${action.split.permille === 0 ? baselinePlace : canaryPlace}`
}

function isDrawn({ permille }: Split): boolean {
  return permille > 0 && permille < 1000
}

/** Which of its services a request of a route goes to, and whether it is mirrored. */
export function lots({ routes }: { readonly routes: readonly Route[] }, names: Names): readonly string[] {
  return routes.flatMap(({ action, name }, index) => {
    if (action.kind !== 'forward') return []
    const { choices, mirror, split } = action
    const salted = (salt: string) => `${textWord(`${salt} ${name} `, names).slice(0, -1)}$request_id"`
    const drawn = (key: string, variable: string, shares: readonly string[]) =>
      `split_clients ${key} $${names.variable(variable)} {\n${shares.map((share) => `    ${share};`).join('\n')}\n}`
    return [
      ...(split && isDrawn(split) ? usersOf(split, index, names) : []),
      ...(!split && choices.length > 1 ? [drawn(salted('to'), `s${index}`, sharesOf(choices))] : []),
      ...(mirror && mirror.percent < 100 ? [drawn(salted('copy'), `m${index}`, [`${mirror.percent}% 1`, '* ""'])] : []),
    ]
  })
}

/** Users are drawn by what they are known by, not requests. The canary's share comes first, so that it only gains users when it rises. */
function usersOf({ by, permille }: Split, index: number, names: Names): readonly string[] {
  const user = `$${names.variable(`u${index}`)}`
  const from =
    by.kind === 'header'
      ? `$http_${by.name.replaceAll('-', '_')}`
      : by.kind === 'cookie'
        ? `$cookie_${by.name}`
        : undefined
  const shares = `    ${(permille / 10).toFixed(2)}% ${canaryPlace};\n    * ${baselinePlace};`
  return [
    ...(from === undefined ? [] : [`map ${from} ${user} { default ${from}; "" $remote_addr; }`]),
    `split_clients "${from === undefined ? '$remote_addr' : user}" $${names.variable(`s${index}`)} {\n${shares}\n}`,
  ]
}

/** In hundredths of a percent, the finest that nginx knows. The largest takes what rounding leaves. */
function sharesOf(choices: readonly Choice[]): readonly string[] {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  const largest = choices.reduce((best, { weight }, index) => (weight > (choices[best]?.weight ?? 0) ? index : best), 0)
  const others = choices.flatMap(({ weight }, index) => {
    const hundredths = Math.max(1, Math.round((weight / total) * 10_000))
    return index === largest ? [] : [`${(hundredths / 100).toFixed(2)}% ${index}`]
  })
  return [...others, `* ${largest}`]
}
