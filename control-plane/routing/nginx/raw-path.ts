// The path that an instance sees: as it came, escapes untouched, but without doubled slashes and parts "." and "..". nginx has it only
// with every escape undone, and what is escaped again is not what came; so regular expressions make it from the request line.

const dot = String.raw`(?:\.|%2[eE])`
/** Ends a part, without taking anything. */
const end = String.raw`(?=[/?]|\z)`
/** A part that is this folder, or the one above it; with parameters behind them only unescaped dots are dots. */
const here = String.raw`(?:\.;[^/?]*+|${dot})${end}`
const above = String.raw`(?:\.\.;[^/?]*+|${dot}{2})${end}`
/** A part that is no dots, possessive: a path is looked at once, from left to right. */
const part = `/(?!${here}|${above})[^/?]`

/** Said once, and called by name below: what is undone by a ".." after it, what stays, and what is left out between two that stay. */
const said = [
  `(?<heddle_undone>${part}*+(?>/${here}|(?&heddle_undone))*+/${above})`,
  `(?<heddle_kept>(?:(?!(?&heddle_undone))${part}++)*+)`,
  `(?<heddle_left>(?>(?&heddle_undone)|/${here}|/${end})++)`,
]
const words = `(?:${said.join('|')}){0}`

/** So many stretches of a path stay, with something to leave out between them. What has more is refused. */
const mostStretches = 12
/** Paths that need tidying and have more parts are refused: what undoes what is then no longer cheap to tell. */
const mostParts = 64

const stretches = Array.from({ length: mostStretches }, (_, index) => `heddle_path_${index}`)
const rest = stretches.slice(1).map((name) => `(?:(?&heddle_left)(?<${name}>(?&heddle_kept)))?+`)
const whole = `(?<${stretches[0]}>(?&heddle_kept))${rest.join('')}(?&heddle_left)?+(?:\\?|\\z)`
const bounded = `(?=/)(?!(?:[^?/]*/){${mostParts + 1}})`
const result = stretches.map((name) => `$${name}`).join('')

/** Entries of a map from the request's URI to the path that goes on, the first that fits; what none fits is refused. */
export const rawPath: readonly { readonly pattern: string; readonly value: string }[] = [
  { pattern: `~^(?![^?]*/(?:/|${here}|${above}))(/[^?]*)`, value: '$1' },
  // What ends in a slash or in dots names a folder: it keeps a slash at its end.
  { pattern: `~${words}^${bounded}(?=[^?]*/(?:${here}|${above}|)(?:\\?|\\z))${whole}`, value: `"${result}/"` },
  { pattern: `~${words}^${bounded}${whole}`, value: `"${result}"` },
]

/** Where letters and the like are escaped, nginx's own reading has to stand in for the path as it came: it knows them unescaped. */
export const needlesslyEscaped = '~*^[^?]*%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)'

/** What nginx reads in another way: a doubled slash before "..", and dots with parameters. */
export const readOtherwise = String.raw`~*^[^?]*/(?:/[^?]*\.\.|/[^?]*%2e|\.{1,2};)`

/** What servers read in different ways: an escaped slash or backslash, escaped dots with parameters; and a "#" anywhere. */
export const ambiguous = String.raw`~*^[^?]*(?:%(?:2f|5c)|/(?=[.%2e]*%2e)(?:\.|%2e){1,2};)|#`
