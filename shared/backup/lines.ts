/** No line of a backup is longer: the longest are declarations of routes with all their files. */
const mostBytes = 256 * 1024 * 1024

const lineFeed = 10

/** The complete lines of a stream, as they come, without their line feeds. `rest` is called at the end with what had none. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  rest: (bytes: number) => void,
): AsyncGenerator<readonly Buffer[], void, undefined> {
  let begun: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    const lines: Buffer[] = []
    let from = 0
    for (let to = chunk.indexOf(lineFeed); to >= 0; to = chunk.indexOf(lineFeed, from)) {
      const line = chunk.subarray(from, to)
      lines.push(begun.length === 0 ? line : Buffer.concat([...begun, line]))
      begun = []
      bytes = 0
      from = to + 1
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from))
      bytes += chunk.length - from
      if (bytes > mostBytes) throw new RangeError(`a line is longer than ${mostBytes} bytes`)
    }
    if (lines.length > 0) yield lines
  }
  rest(bytes)
}
