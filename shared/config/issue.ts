import type * as z from 'zod/mini'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** What zod's mini build says of everything that has no message of its own. */
const speechless = 'Invalid input'

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'keys with values',
  record: 'keys with values',
  array: 'a list',
  null: 'nothing',
}

const formats: Readonly<Record<string, string>> = {
  datetime: 'a time such as "2026-03-01T10:00:00Z"',
  url: 'a URL',
}

/**
 * The issues of a schema, unions resolved: of what a value might have been, the form that it comes nearest to is taken, and
 * only its issues are told.
 */
export function flatIssues(issues: readonly Issue[], parent: Path = []): readonly Issue[] {
  return issues.flatMap((issue) => {
    const path = [...parent, ...issue.path]
    const nearest = issue.code === 'invalid_union' ? nearestForm(issue.errors) : undefined
    return nearest ? flatIssues(nearest, path) : [{ ...issue, path }]
  })
}

/** The form whose issues lie deepest, since the rest of it fits; undefined where none fits at all. */
function nearestForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const ranked = forms
    .map((form) => flatIssues(form))
    .map((issues) => ({ issues, depth: Math.max(0, ...issues.map(({ path }) => path.length)) }))
    .sort((a, b) => b.depth - a.depth || a.issues.length - b.issues.length)
  const [first, second] = ranked
  if (!first || (first.depth === 0 && second && !isAboutContent(first.issues))) return undefined
  return first.issues
}

/** Whether the kind of value was right, and only what it says is wrong. */
function isAboutContent(issues: readonly Issue[]): boolean {
  return issues.every(({ code }) => code !== 'invalid_type' && code !== 'invalid_value' && code !== 'invalid_union')
}

/** What was expected, as a sentence without an end: the schema's own words where it has any. */
export function issueText(issue: Issue): string {
  return issue.message === speechless ? wordsFor(issue) : issue.message
}

function wordsFor(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kindText(issue.expected)}`
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}`
    case 'too_small':
      return sizeText('at least', 'more than', issue.minimum, issue.inclusive, issue.origin)
    case 'too_big':
      return sizeText('at most', 'less than', issue.maximum, issue.inclusive, issue.origin)
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`
    case 'invalid_format':
      return `expected ${formatText(issue)}`
    case 'unrecognized_keys':
      return `unknown key${issue.keys.length === 1 ? '' : 's'} ${issue.keys.join(', ')}`
    case 'invalid_key':
      return `not a valid key: ${issue.issues.map(issueText).join(', ')}`
    case 'invalid_union':
      return unionText(issue)
    case 'invalid_element':
    case 'custom':
      return 'not valid'
  }
}

function kindText(expected: string): string {
  return kinds[expected] ?? expected
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`
}

function sizeText(
  atLeast: string,
  moreThan: string,
  size: number | bigint,
  inclusive: unknown,
  origin: string,
): string {
  const units: Readonly<Record<string, string>> = { string: 'character', array: 'entry', set: 'entry' }
  const unit = units[origin]
  const plural = size === 1 || size === 1n ? unit : unit === 'entry' ? 'entries' : `${unit}s`
  return `expected ${inclusive === false ? moreThan : atLeast} ${size}${unit === undefined ? '' : ` ${plural}`}`
}

function formatText(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if ('prefix' in issue && typeof issue.prefix === 'string') return `a text that starts with "${issue.prefix}"`
  if (issue.format === 'regex' && issue.pattern !== undefined) return `a text like ${issue.pattern}`
  return formats[issue.format] ?? `a text of the form ${issue.format}`
}

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  if ('options' in issue && Array.isArray(issue.options)) return `expected ${oneOf(issue.options)}`
  const expected = issue.errors.flatMap((issues) =>
    issues.map((inner) => wordsFor(inner)).map((words) => words.replace(/^expected /, '')),
  )
  return expected.length === 0 ? 'not valid' : `expected ${[...new Set(expected)].join(', or ')}`
}
