import { readingOf } from './reading.ts'
import type { Reading } from './statement.ts'
import { toldByTable } from './table.ts'
import { toldByTree } from './tree.ts'

/** What one file says, by its text: former cluster files in YAML or JSON, and inventories in YAML, JSON or CSV. Never throws. */
export function readFormer(text: string, file: string): Reading {
  return readingOf(/\.(csv|tsv)$/i.test(file) ? toldByTable(text, file) : toldByTree(text, file))
}
