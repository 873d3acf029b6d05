import {
  badRequest,
  cannotCheck,
  headersTooLarge,
  instanceFailed,
  instanceTooSlow,
  noInstance,
  noPermission,
  noRoute,
  noSuchMethod,
  noToken,
  type OwnAnswer,
  pathTooLong,
  tooLarge,
  tooMany,
} from '../answers.ts'
import { answerLines } from './answer-text.ts'
import type { Names } from './names.ts'
import { textWord } from './texts.ts'

/** What nginx says of requests that it understands. */
const understood: Readonly<Record<number, OwnAnswer>> = {
  401: noToken,
  403: noPermission,
  404: noRoute,
  405: noSuchMethod,
  413: tooLarge,
  429: tooMany,
  // Its own: among them that the agent beside it did not say who may come in.
  500: cannotCheck,
  502: instanceFailed,
  503: noInstance,
  504: instanceTooSlow,
}

/** What is said in the place of an instance; by all else a request is turned away. */
const ofInstances = new Set([502, 503, 504])

/** What it says before it knows where a request is to go; 494 to 497 are nginx's own numbers. */
const notUnderstood: readonly (readonly [codes: readonly number[], answer: OwnAnswer])[] = [
  [[400, 408, 411, 495, 496, 497, 501, 505], badRequest],
  [[414], pathTooLong],
  [[494], headersTooLarge],
]

/** Which of the texts for a failed instance fits: where none was even tried, nginx names the service for its address. */
export function failedWords(names: Names): string {
  const words = (answer: OwnAnswer) => textWord(answer.body, names)
  return `map $upstream_addr $${names.variable('failed')} { default ${words(instanceFailed)}; "~^heddle_\\\\S+$" ${words(noInstance)}; }`
}

/** Puts Heddle's words in the place of nginx's pages, whatever it refuses. */
export function errorLines(names: Names): readonly string[] {
  return [
    ...Object.entries(understood).flatMap(([code, answer]) => [
      `error_page ${code} =${answer.status} ${names.named(`e${code}`)};`,
      location(names.named(`e${code}`), [
        ...(ofInstances.has(Number(code)) ? [] : [`set $${names.variable('turned_away')} 1;`]),
        ...(Number(code) === 502 ? failedLines(names) : answerLines(answer, names)),
      ]),
    ]),
    // A request without a path cannot go to a named location. Clients' own paths never begin with two slashes.
    ...notUnderstood.flatMap(([codes, answer]) => [
      `error_page ${codes.join(' ')} =${answer.status} //heddle-${answer.status};`,
      location(`= //heddle-${answer.status}`, ['internal;', ...answerLines(answer, names)]),
    ]),
  ]
}

function failedLines(names: Names): readonly string[] {
  return [`return ${instanceFailed.status} $${names.variable('failed')};`]
}

function location(head: string, lines: readonly string[]): string {
  return `location ${head} { ${lines.join(' ')} }`
}
