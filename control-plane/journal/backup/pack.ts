import { once } from 'node:events'
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib'

const level = 3

/** A stream that packs the lines written to it. `write` resolves when it takes more, and rejects when the stream has failed. */
export function packed(): {
  readonly stream: ZstdCompress
  readonly write: (lines: string) => Promise<void>
  readonly end: () => void
} {
  const stream = createZstdCompress({
    // A file that is cut or changed anywhere cannot be unpacked to its end.
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    chunkSize: 256 * 1024,
  })
  const write = async (lines: string) => {
    if (stream.errored) throw stream.errored
    if (!stream.write(lines)) await once(stream, 'drain')
  }
  return { stream, write, end: () => stream.end() }
}
