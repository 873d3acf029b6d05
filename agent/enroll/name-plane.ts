import { isCollection, isSeq, parseDocument } from 'yaml'

/**
 * The text of an agent's configuration with one more control plane in `planes`: nothing of it is taken away or written otherwise. The same text: it
 * is named already. Undefined: `planes` is no list that one can be added to.
 * @param text valid YAML, of settings by name or of comments alone
 */
export function namePlane(text: string, plane: string): string | undefined {
  const document = parseDocument(text)
  const { contents } = document
  if (isCollection(contents) && 'flow' in contents && contents.flow) return undefined
  const planes = document.get('planes', true)
  if (planes === undefined) return withSetting(text, `planes: [${written(plane)}]`)
  if (!isSeq(planes) || planes.range == null) return undefined
  const named: unknown = planes.toJSON()
  if (Array.isArray(named) && named.some((each) => isSame(String(each), plane))) return text
  const [start] = planes.range
  if (!planes.flow) return spliced(text, start, `- ${written(plane)}\n${indentAt(text, start)}`)
  return spliced(text, start + 1, planes.items.length > 0 ? `${written(plane)}, ` : written(plane))
}

/** Whether two addresses lead to the same plane. */
export function isSame(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin
}

/** Whether an address leads to this machine by loopback, which nobody else can use. */
export function isLoopback(plane: string): boolean {
  return /^(127\.|\[::1\]$|localhost$)/.test(new URL(plane).hostname)
}

/** Where the file has it as a comment, and else at the end. */
function withSetting(text: string, line: string): string {
  const hint = /^# planes:.*\n/m.exec(text)
  if (hint) return spliced(text, hint.index + hint[0].length, `${line}\n`)
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

function written(plane: string): string {
  return /^[\w:/.-]+$/.test(plane) ? plane : JSON.stringify(plane)
}

function spliced(text: string, at: number, more: string): string {
  return `${text.slice(0, at)}${more}${text.slice(at)}`
}

function indentAt(text: string, at: number): string {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
}
