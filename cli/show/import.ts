import type { Imported } from '../import/import-config.ts'
import { contradictionText, remarkText } from '../import/merge.ts'
import type { Style } from './style.ts'
import { count } from './text.ts'

/** What became of an import: what stands in its way first. */
export function showImport(imported: Imported, { paint }: Style): string {
  const { files, written, contradictions, problems, notes, advice } = imported
  const part = (head: string, colour: 'bad' | 'doubtful' | 'faint', lines: readonly string[]) =>
    lines.length === 0 ? [] : [paint(head, colour), ...lines.map((line) => `  ${line}`), '']
  const names = files.map(({ path }) => path)
  const clean = contradictions.length === 0 && problems.length === 0
  return [
    ...part(`${count(contradictions.length, 'contradiction')}:`, 'bad', contradictions.map(contradictionText)),
    ...part(`${count(problems.length, 'problem')}:`, 'bad', problems.map(remarkText)),
    ...part('Worth a look:', 'doubtful', notes.map(remarkText)),
    // What is to be done may be another thing once the files are corrected.
    ...part('To be done:', 'doubtful', clean ? advice : []),
    outcome(clean, written, names),
  ].join('\n')
}

function outcome(clean: boolean, written: string | null, names: readonly string[]): string {
  if (!clean) return 'Nothing is written. Correct the files, or say with --prefer whose word stands.'
  if (written === null) return `Would write ${names.join(', ')}. Give --out to have it written.`
  return `Written to ${written}: ${names.join(', ')}.`
}
