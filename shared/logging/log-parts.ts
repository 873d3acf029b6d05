/** A file of the log that is closed: of which day it is and how many came before it. */
export type LogPart = { readonly name: string; readonly day: string; readonly number: number; readonly bytes: number }

/** What a closed part is called: `heddle-plane-2026-11-22.3.log` for the third of `heddle-plane.log`. */
export function partName(base: string, day: string, number: number): string {
  const { stem, ending } = split(base)
  return `${stem}-${day}.${number}${ending}`
}

/** A closed part by its name; undefined: another file. */
export function readPartName(base: string, name: string): Omit<LogPart, 'bytes'> | undefined {
  const { stem, ending } = split(base)
  if (!name.startsWith(`${stem}-`) || !name.endsWith(ending)) return undefined
  const match = /^(\d{4}-\d\d-\d\d)\.(\d{1,9})$/.exec(name.slice(stem.length + 1, name.length - ending.length))
  return match ? { name, day: match[1] ?? '', number: Number(match[2]) } : undefined
}

/** The oldest first. */
export function inOrder(parts: readonly LogPart[]): readonly LogPart[] {
  return parts.toSorted((a, b) => (a.day === b.day ? a.number - b.number : a.day < b.day ? -1 : 1))
}

/** Which closed parts go so that `needed` bytes have room within `most`, the oldest first. */
export function partsToRemove(parts: readonly LogPart[], needed: number, most: number): readonly LogPart[] {
  const removed: LogPart[] = []
  let held = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const part of inOrder(parts)) {
    if (held + needed <= most) break
    removed.push(part)
    held -= part.bytes
  }
  return removed
}

function split(base: string): { readonly stem: string; readonly ending: string } {
  const dot = base.lastIndexOf('.')
  return dot <= 0 ? { stem: base, ending: '' } : { stem: base.slice(0, dot), ending: base.slice(dot) }
}
