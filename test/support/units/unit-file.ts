import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFolder } from '../parts.ts'

/** A unit's directives, by section and name; those that are given more than once in their order. */
export type UnitFile = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** Reads the text of a unit, as systemd.syntax(7) says: the few rules that ours use. Throws what is no line of a unit. */
export function parseUnit(text: string): UnitFile {
  const sections = new Map<string, Map<string, string[]>>()
  let section: Map<string, string[]> | undefined
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue
    const name = /^\[(\w+)\]$/.exec(line)?.[1]
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (name !== undefined) {
      section = sections.get(name) ?? new Map()
      sections.set(name, section)
    } else if (key !== undefined && section) section.set(key, [...(section.get(key) ?? []), value])
    else throw new Error(`no line of a unit: ${line}`)
  }
  return sections
}

export async function readUnit(name: string): Promise<UnitFile> {
  return parseUnit(await readFile(join(projectFolder, 'systemd', name), 'utf8'))
}

/** The last word on a directive of [Service]. */
export function service(unit: UnitFile, key: string): string | undefined {
  return unit.get('Service')?.get(key)?.at(-1)
}

export function isOn(unit: UnitFile, key: string): boolean {
  return ['yes', 'true', 'on', '1'].includes(service(unit, key) ?? '')
}

/** Seconds of "30s", "2min" or a bare number, in milliseconds. */
export function spanMs(text: string): number {
  const match = /^(\d+)(ms|s|min|h)?$/.exec(text)
  const unit = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? Number.NaN
  return Number(match?.[1]) * unit
}
