import Table from 'cli-table3'
import type { Colour, Style } from './style.ts'

/** A text, or a text with a colour. */
export type Cell = string | { readonly text: string; readonly colour: Colour | undefined }
export type Column = { readonly head: string; readonly align?: 'left' | 'right' }

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** Rows under their heads, two spaces apart, wide characters counted as two; no space at the end of a line. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], { paint }: Style): string {
  const grid = new Table({
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align = 'left' }) => align),
  })
  grid.push(columns.map(({ head }) => paint(head, 'strong')))
  for (const row of rows) grid.push(row.map((cell) => painted(cell, paint)))
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function painted(cell: Cell, paint: Style['paint']): string {
  if (typeof cell === 'string') return cell
  return cell.colour === undefined ? cell.text : paint(cell.text, cell.colour)
}
