import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * A certificate for these names, signed by itself, made by OpenSSL: `<file>.pem` and `<file>.key` in a folder, in the place of any that
 * are there. Who believes it names it as its authority.
 */
export async function certificate(
  folder: string,
  file: string,
  names: readonly string[],
): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)]
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const whose = ['-subj', `/CN=${names[0]}`, '-addext', alternatives]
  await execute('openssl', ['req', '-x509', ...kind, ...whose, '-keyout', key, '-out', cert])
  return { cert, key }
}

/** Why no certificates can be made here; false: they can. */
export async function noCertificates(): Promise<string | false> {
  return execute('openssl', ['version']).then(
    () => false,
    () => 'openssl is not installed',
  )
}
