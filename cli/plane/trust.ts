import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setDefaultCACertificates } from 'node:tls'
import { Failure } from '#shared/failure/failure.ts'

/**
 * From now on this program believes only planes of the authorities in a file (PEM), as each plane writes it beside its journal. Throws
 * ARGUMENT_INVALID.
 */
export function trustOnly(file: string): void {
  try {
    const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (blocks.length === 0) throw new Error('there is no certificate in it')
    setDefaultCACertificates(blocks.map((block) => new X509Certificate(block).toString()))
  } catch (cause) {
    throw new Failure('ARGUMENT_INVALID', `--ca ${file} cannot be used`, {
      cause,
      remedy: "Copy heddle-ca.pem from beside the plane's journal, and name it by --ca or HEDDLE_CA.",
    })
  }
}
