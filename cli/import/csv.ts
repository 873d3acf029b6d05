export type Row = { readonly line: number; readonly cells: readonly string[] }

/**
 * The rows of a table as RFC 4180 has it, with their lines from 1: cells apart by commas, semicolons or tabs, whichever the first
 * line has most of; quotes around what holds those. Empty lines and lines that begin with # are left out. Never throws.
 */
export function parseCsv(text: string): readonly Row[] {
  const plain = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(plain.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '')
  const rows: Row[] = []
  let cells: string[] = []
  let cell = ''
  let quoted = false
  let line = 1
  let begun = 1
  const endCell = () => {
    cells.push(cell.trim())
    cell = ''
  }
  const endRow = () => {
    endCell()
    const empty = cells.every((each) => each === '')
    if (!empty && !cells[0]?.startsWith('#')) rows.push({ line: begun, cells })
    cells = []
    begun = line
  }
  for (let at = 0; at < plain.length; at += 1) {
    const char = plain.charAt(at)
    if (char === '\n') line += 1
    if (quoted) {
      if (char !== '"') cell += char
      else if (plain.charAt(at + 1) === '"') {
        cell += '"'
        at += 1
      } else quoted = false
    } else if (char === '"' && cell.trim() === '') {
      cell = ''
      quoted = true
    } else if (char === separator) endCell()
    else if (char === '\n') endRow()
    else if (char !== '\r') cell += char
  }
  if (cell !== '' || cells.length > 0) endRow()
  return rows
}

function separatorOf(line: string): string {
  const counts = [',', ';', '\t'].map((char) => ({ char, count: line.split(char).length }))
  return counts.toSorted((a, b) => b.count - a.count)[0]?.char ?? ','
}
