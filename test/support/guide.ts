/** A block of a guide: commands for a shell, or a file with its path. */
export type GuideBlock =
  | { readonly section: string; readonly kind: 'commands'; readonly text: string }
  | { readonly section: string; readonly kind: 'file'; readonly path: string; readonly text: string }

const heading = /^##? +(.*)$/
const fence = /^ *```(\w*)$/

/**
 * What a reader of a guide types, in its order: the blocks of `sh`, and those of `yaml`, each of which goes into the file that the text
 * before it names last, in backticks.
 */
export function guideBlocks(markdown: string): readonly GuideBlock[] {
  const blocks: GuideBlock[] = []
  let section = ''
  let named: string | undefined
  let open: { readonly language: string; readonly lines: string[] } | undefined
  for (const line of markdown.split('\n')) {
    const language = fence.exec(line)?.[1]
    if (open && language === '') {
      const text = `${dedented(open.lines).join('\n')}\n`
      if (open.language === 'sh') blocks.push({ section, kind: 'commands', text })
      if (open.language === 'yaml') {
        if (named === undefined) throw new Error(`no file is named for the YAML in "${section}"`)
        blocks.push({ section, kind: 'file', path: named, text })
      }
      open = undefined
      named = undefined
    } else if (open) open.lines.push(line)
    else if (language !== undefined) open = { language, lines: [] }
    else {
      section = heading.exec(line)?.[1] ?? section
      named = [...line.matchAll(/`([\w/.-]+\.ya?ml)`/g)].at(-1)?.[1] ?? named
    }
  }
  return blocks
}

/** A block within a list stands further to the right. */
function dedented(lines: readonly string[]): readonly string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  return lines.map((line) => line.slice(Math.min(...indents)))
}

/**
 * The blocks as one script that ends at the first command which fails. Before each section it says `@@ <section>`.
 * @param edit what a test must do otherwise than a reader
 */
export function guideScript(blocks: readonly GuideBlock[], edit: (text: string) => string = (text) => text): string {
  const lines = ['set -e -m', 'shopt -s expand_aliases']
  let section: string | undefined
  for (const block of blocks) {
    if (block.section !== section) lines.push(`echo ${quoted(`@@ ${block.section}`)}`)
    section = block.section
    if (block.kind === 'commands') lines.push(edit(block.text))
    else lines.push(`cat > ${quoted(block.path)} <<'END OF FILE'\n${block.text}END OF FILE`)
  }
  return `${lines.join('\n')}\n`
}

/** What was said in each section, by its title. */
export function guideOutput(output: string): ReadonlyMap<string, string> {
  const [, ...parts] = `\n${output}`.split('\n@@ ')
  return new Map(
    parts.map((part) => {
      const end = `${part}\n`.indexOf('\n')
      return [part.slice(0, end), part.slice(end + 1)]
    }),
  )
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
