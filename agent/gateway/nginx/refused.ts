import type { FileSet } from '../file-set.ts'
import { readDirectives } from './directives.ts'

/** Directives that load code or files, or that belong to the whole proxy: never taken from the plane. */
const refusedNames = new Set([
  'daemon',
  'env',
  'error_log',
  'include',
  'load_module',
  'master_process',
  'pid',
  'ssl_engine',
  'user',
  'working_directory',
])
const refusedFamilies = /^(?:js_|perl|lua_|.*_by_lua)/

export type RefusedDirective = { readonly path: string; readonly line: number; readonly name: string }

/** The first directive that the agent does not take from the plane, whatever the plane says. */
export function refusedDirective(files: FileSet): RefusedDirective | undefined {
  for (const [path, content] of files) {
    for (const { name, line } of readDirectives(content)) {
      const plain = name.toLowerCase()
      if (refusedNames.has(plain) || refusedFamilies.test(plain)) return { path, line, name }
    }
  }
  return undefined
}
