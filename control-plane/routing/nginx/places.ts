import type { Choice, Route } from '../table.ts'
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
    const { choices, timeoutMs: silenceMs = mostSilenceMs } = action
    const places = choices.map(({ service }, place) => {
      return { id: hasLots(route) ? `${id}-${place}` : id, route, index, service, silenceMs }
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

/** Whether it is drawn by lot which of its places takes a request. */
export function hasLots({ action }: Route): boolean {
  return action.kind === 'forward' && action.choices.length > 1
}

/** Which of its services a request of a route goes to, and whether it is mirrored. */
export function lots({ routes }: { readonly routes: readonly Route[] }, names: Names): readonly string[] {
  return routes.flatMap(({ action, name }, index) => {
    if (action.kind !== 'forward') return []
    const { choices, mirror } = action
    const split = (salt: string, variable: string, shares: readonly string[]) =>
      `split_clients ${textWord(`${salt} ${name} `, names).slice(0, -1)}$request_id" $${names.variable(variable)} {\n${shares
        .map((share) => `    ${share};`)
        .join('\n')}\n}`
    return [
      ...(choices.length > 1 ? [split('to', `s${index}`, sharesOf(choices))] : []),
      ...(mirror && mirror.percent < 100 ? [split('copy', `m${index}`, [`${mirror.percent}% 1`, '* ""'])] : []),
    ]
  })
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
