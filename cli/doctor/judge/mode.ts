import { type Finding, finder } from '../finding.ts'

/** What is known of a file or a folder. */
export type Seen = {
  readonly path: string
  readonly what: string
  readonly mode: number
  readonly kind: 'secret' | 'folder' | 'file'
  /** The user it belongs to, and the one whose it should be where that is known. */
  readonly owner: number
  readonly expected?: { readonly id: number; readonly name: string }
}

const { ok, warning, error } = finder('permissions')

/** Whether others may read what is secret or write what is believed. */
export function modeFindings({ path, what, mode, kind, owner, expected }: Seen): readonly Finding[] {
  const said = `${what}: ${path}`
  const found: Finding[] = []
  if (kind === 'secret' && (mode & 0o007) !== 0) {
    found.push(
      error(
        `${said} is open to every user of this machine (${octal(mode)})`,
        `chmod o= ${path}, and have the secret replaced if others use this machine: it is not taken so.`,
      ),
    )
  } else if ((mode & 0o002) !== 0) {
    found.push(error(`${said} may be written by every user of this machine (${octal(mode)})`, `chmod o-w ${path}`))
  } else if (kind === 'secret' && (mode & 0o020) !== 0) {
    found.push(warning(`${said} may be written by its group (${octal(mode)})`, `chmod g-w ${path}`))
  }
  if (expected !== undefined && owner !== expected.id) {
    found.push(
      error(
        `${said} belongs to user ${owner}, and the program runs as ${expected.name} (${expected.id})`,
        `chown -R ${expected.name}: ${path}`,
      ),
    )
  }
  return found.length > 0 ? found : [ok(`${said} has the permissions that it needs (${octal(mode)})`)]
}

function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8).padStart(3, '0')}`
}
