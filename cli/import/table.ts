import { parseCsv } from './csv.ts'
import { nodeMeaning } from './fields.ts'
import { FileTold, type Told, type ToldNode } from './told.ts'

/** What an inventory in CSV tells: a node, perhaps with a service, in each row; keys are the names of columns. */
export function toldByTable(text: string, file: string): FileTold {
  const told = new FileTold()
  const [head, ...rows] = parseCsv(text)
  if (!head) return told
  const columns = head.cells.map((cell) => ({ cell, meaning: nodeMeaning(cell) }))
  for (const { cell, meaning } of columns) {
    if (!meaning && cell !== '') told.note({ file, line: head.line, key: cell }, 'not imported: no such column')
  }
  for (const { cells, line } of rows) {
    const node: ToldNode = { told: [], services: [], source: { file, line, key: '' } }
    const service: Told[] = []
    for (const [index, { cell: key, meaning }] of columns.entries()) {
      const value = meaning && told.value(meaning, cells[index], { file, line, key })
      if (value) (meaning.of === 'service' ? service : node.told).push(value)
    }
    if (cells.length > columns.length)
      told.problem(node.source, `more cells (${cells.length}) than columns (${columns.length})`)
    if (service.length > 0) node.services.push({ told: service, source: node.source })
    told.nodes.push(node)
  }
  return told
}
