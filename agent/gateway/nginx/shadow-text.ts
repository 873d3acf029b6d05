import { readDirectives } from './directives.ts'
import { word } from './own-files.ts'

/** A place in a text and what stands there instead. */
export type Replacement = { readonly start: number; readonly end: number; readonly text: string }

export type Include = { readonly pattern: string; readonly start: number; readonly end: number }

/** The includes of a configuration. `start` and `end` enclose the whole directive. */
export function includesOf(text: string): readonly Include[] {
  return readDirectives(text).flatMap(({ name, args, start, end }) =>
    name === 'include' && args[0] ? [{ pattern: args[0].value, start, end }] : [],
  )
}

/** Includes of these files, on one line, so that line numbers stay true. */
export function includeText(files: readonly string[]): string {
  return files.map((file) => `include ${word(file)};`).join(' ')
}

/** The main file with a pid file of its own: a test must not touch the one of the running Nginx. Lines stay where they are. */
export function withOwnPid(text: string, pidFile: string): readonly Replacement[] {
  const pid = `pid ${word(pidFile)};`
  const present = readDirectives(text).find(({ name, depth }) => name === 'pid' && depth === 0)
  return present ? [{ start: present.start, end: present.end, text: pid }] : [{ start: 0, end: 0, text: `${pid} ` }]
}

export function replaced(text: string, replacements: readonly Replacement[]): string {
  let result = ''
  let from = 0
  for (const { start, end, text: instead } of replacements.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + instead
    from = end
  }
  return result + text.slice(from)
}

/** Whether a file name fits the last part of an include's pattern, as glob(3) sees it. */
export function fits(name: string, pattern: string): boolean {
  let source = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at] ?? ''
    const close = sign === '[' ? pattern.indexOf(']', at + 2) : -1
    if (sign === '*') source += '[^/]*'
    else if (sign === '?') source += '[^/]'
    else if (close > 0) {
      const inside = pattern.slice(at + 1, close).replace(/\\/g, '\\\\')
      source += `[${inside.replace(/^!/, '^')}]`
      at = close
    } else source += sign.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  }
  return !(name.startsWith('.') && !pattern.startsWith('.')) && new RegExp(`^${source}$`).test(name)
}

export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern)
}
