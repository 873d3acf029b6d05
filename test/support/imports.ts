import { glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { projectFolder } from './parts.ts'

/** Which files each file imports, types and what is loaded later among them, by their paths from the project's folder. */
export type Imports = ReadonlyMap<string, readonly string[]>

/** Of every source file of the project, the tests among them. */
export async function readImports(): Promise<Imports> {
  const pattern = '{agent,bench,cli,control-plane,setup,shared,test}/**/*.ts'
  const files = (await Array.fromAsync(glob(pattern, { cwd: projectFolder }))).sort()
  return new Map(
    await Promise.all(
      files.map(async (file) => {
        const specifiers = specifiersIn(await readFile(join(projectFolder, file), 'utf8'))
        return [file, specifiers.flatMap((specifier) => importedFile(file, specifier) ?? [])] as const
      }),
    ),
  )
}

/** What a source text imports, as it is written there. */
export function specifiersIn(text: string): readonly string[] {
  const statements = text.matchAll(/^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'/gm)
  const calls = text.matchAll(/\bimport\(\s*'([^']+)'/g)
  return [...statements, ...calls].map(([, specifier = '']) => specifier)
}

/** The project's file that `specifier` names in `file`; undefined for a package. */
export function importedFile(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  if (!specifier.startsWith('.')) return undefined
  return relative('.', join(dirname(file), specifier))
}

/** Through each file that imports itself by way of others a shortest circle, unless a circle told before leads through it. */
export function circlesIn(imports: Imports): readonly (readonly string[])[] {
  const circles: (readonly string[])[] = []
  const told = new Set<string>()
  for (const file of [...imports.keys()].sort()) {
    const circle = told.has(file) ? undefined : circleThrough(file, imports)
    if (circle === undefined) continue
    circles.push(circle)
    for (const member of circle) told.add(member)
  }
  return circles
}

function circleThrough(start: string, imports: Imports): readonly string[] | undefined {
  const cameFrom = new Map<string, string>()
  const reached = [start]
  // Grows while it is walked: nearest first.
  for (const file of reached) {
    for (const imported of imports.get(file) ?? []) {
      if (imported === start) return [...wayTo(file, start, cameFrom), start]
      if (cameFrom.has(imported)) continue
      cameFrom.set(imported, file)
      reached.push(imported)
    }
  }
  return undefined
}

function wayTo(file: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [file]
  for (let at = file; at !== start; ) {
    at = cameFrom.get(at) ?? start
    way.unshift(at)
  }
  return way
}
