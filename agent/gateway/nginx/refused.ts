import type { FileSet } from '../file-set.ts'
import type { RefusalRules } from '../refusal-rules.ts'
import { allowedDirectives, namesDrainFile } from './allowed.ts'
import { readDirectives } from './directives.ts'

/** Directives that are taken, but not with these words. */
export type RefusedDirective = { readonly path: string; readonly line: number; readonly name: string }

/**
 * The first directive that the agent does not take from the plane, whatever the plane says: one that Heddle's renderer does not write, or
 * not with such words. What leads to other files, to sockets and to code is none of them.
 */
export function refusedDirective(files: FileSet, rules: RefusalRules): RefusedDirective | undefined {
  for (const [path, content] of files) {
    // nginx ends some words at a zero that others hold as a part.
    const zero = content.indexOf('\0')
    if (zero !== -1) return { path, line: content.slice(0, zero).split('\n').length, name: 'a zero' }
    const blocks: string[] = []
    const heads: string[] = []
    for (const { name, args, line, depth, end } of readDirectives(content)) {
      blocks.length = depth
      const allowed = allowedDirectives[depth === 0 ? 'http' : (blocks[depth - 1] ?? '')]
      const said = args.map(({ value }) => value)
      const fits =
        typeof allowed === 'function'
          ? allowed([name, ...said], rules, heads[depth - 1] ?? '')
          : allowed !== undefined && Object.hasOwn(allowed, name) && allowed[name]?.(said, rules, '')
      if (!fits || [name, ...said].some((word) => namesDrainFile.test(word)))
        return { path, line, name: told(name, said) }
      if (content[end - 1] === '{') {
        blocks[depth] = name
        heads[depth] = said[0] ?? ''
      }
    }
  }
  return undefined
}

/** The directive, with its words where it is them that are not taken. */
function told(name: string, said: readonly string[]): string {
  const known = Object.values(allowedDirectives).some((each) => typeof each !== 'function' && Object.hasOwn(each, name))
  return [name, ...(known ? said : [])].join(' ').slice(0, 200)
}
