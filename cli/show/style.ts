import { styleText } from 'node:util'

export type Colour = 'good' | 'bad' | 'doubtful' | 'faint' | 'strong'

/** How a text is shown: what it colours, and which moment ages are reckoned from (epoch milliseconds). */
export type Style = { readonly paint: (text: string, colour: Colour) => string; readonly now: number }

const formats = { good: 'green', bad: 'red', doubtful: 'yellow', faint: 'dim', strong: 'bold' } as const

export const plain: Style['paint'] = (text) => text

export const coloured: Style['paint'] = (text, colour) => styleText(formats[colour], text, { validateStream: false })

/** Colours only for people: on a terminal that has them, unless NO_COLOR (no-color.org) or --no-color say no. */
export function wantsColour(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
  asked: boolean,
): boolean {
  return isTerminal && asked && !environment.NO_COLOR && environment.TERM !== 'dumb'
}
