/** Longer lines than this are no events; in characters. */
const mostLine = 4 * 1024 * 1024

/** The lines of a byte stream, however it was cut; a line without an end is no line. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > mostLine) throw new Error(`a line of more than ${mostLine} characters`)
    yield* lines
  }
}
