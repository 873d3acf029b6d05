import type { Sample } from './sample.ts'

/** What is kept of a page. */
export type Keep = {
  /** The order in which families are chosen where there are too many: small numbers first. Undefined: not kept. */
  readonly rankOf: (sample: Pick<Sample, 'name' | 'family'>) => number | undefined
  /** At most so many series. */
  readonly most: number
}

/** Series of one service where it is said what to keep, and where it is not. */
export const mostAsked = 100
export const mostUnasked = 20

// What every program of a language says of its own works.
const works =
  /^(go|process|python|nodejs|jvm|promhttp|scrape|dotnet|ruby|php|tomcat|executor|logback|system|memstats)([._]|$)/

/**
 * What is kept by patterns, in which `*` stands for anything; a name fits as its page writes it, with or without `_total`, `_count`
 * and the like. Without patterns anything is, what every program of a language says of itself last.
 */
export function keepBy(patterns: readonly string[]): Keep {
  if (patterns.length === 0) return { most: mostUnasked, rankOf: ({ name }) => (works.test(name) ? 1 : 0) }
  return {
    most: mostAsked,
    rankOf({ name, family }) {
      const rank = patterns.findIndex((pattern) => fits(pattern, name) || fits(pattern, family))
      return rank < 0 ? undefined : rank
    },
  }
}

/** Whether a text fits a pattern, in which `*` stands for anything. Takes at most pattern times text steps. */
export function fits(pattern: string, text: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern
      resume = at
      inPattern += 1
    } else if (inPattern < pattern.length && pattern[inPattern] === text[at]) {
      inPattern += 1
      at += 1
    } else if (star >= 0) {
      inPattern = star + 1
      resume += 1
      at = resume
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern += 1
  return inPattern === pattern.length
}
