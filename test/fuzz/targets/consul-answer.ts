import {
  checkRow,
  keyRow,
  kindedCheckRow,
  kindedServiceRow,
  nodeContent,
  nodeRow,
  operationErrors,
  texts,
} from '#control-plane/consul/answers.ts'
import { nextIndex } from '#control-plane/consul/blocking.ts'
import { modifyIndexes } from '#control-plane/consul/indexes.ts'
import { Rows } from '#control-plane/consul/rows.ts'
import { consulRows } from '../inputs/consul-rows.ts'
import { inPieces, piecesOf } from '../inputs/cut.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const asTyped: readonly ((row: unknown) => unknown)[] = [
  nodeRow,
  kindedServiceRow,
  checkRow,
  kindedCheckRow,
  keyRow,
  texts,
  operationErrors,
  (row) => nodeContent(row, [row]),
]

/** What a Consul, or whoever answers in its place, may say: rows are the same however they are cut, and hold what they are declared to. */
export const target = targetOf({
  arbitrary: inPieces(hostileJson([consulRows, ...consulRows]).map((text) => Buffer.from(text))),
  run: (input) => {
    const rows = read(piecesOf(input))
    same(rows, read([input.bytes]), 'in one piece')
    for (const index of modifyIndexes(input.bytes)) promise(nextIndex(5, index) >= 0, `an index ${index}`)
    let taken = 0
    for (const row of rows ?? []) for (const type of asTyped) taken += attempt(() => type(row)) ? 1 : 0
    return taken > 0 ? 'taken' : 'refused'
  },
})

function read(pieces: readonly Buffer[]): readonly unknown[] | undefined {
  const reader = new Rows()
  try {
    const rows = pieces.flatMap((piece) => reader.push(piece))
    reader.end()
    return rows
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function attempt(read: () => unknown): boolean {
  let value: unknown
  try {
    value = read()
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith('expected ')) return false
    throw error
  }
  needTexts(value)
  return true
}

/** Lists and maps in a row are of texts, each other field is a text or a number. */
function needTexts(value: unknown, key = ''): void {
  if (typeof value === 'string' || typeof value === 'number' || value === undefined) return
  if (typeof value !== 'object' || value === null) throw new Error(`${key} is ${String(value)}`)
  const isPlain = /(^m|M)eta$|[tT]ags$/.test(key)
  for (const [inner, each] of Object.entries(value)) {
    if (isPlain && typeof each !== 'string') throw new Error(`${key}.${inner} is ${typeof each}, and no text`)
    needTexts(each, inner)
  }
}
