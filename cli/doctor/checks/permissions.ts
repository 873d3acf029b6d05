import { access, constants, readFile, stat } from 'node:fs/promises'
import { explainError } from '#shared/failure/failure.ts'
import type { Check } from '../check.ts'
import { isObject, type Patient } from '../claims.ts'
import { type Finding, finder } from '../finding.ts'
import { type Folder, foldersOf } from '../folders.ts'
import { modeFindings } from '../judge/mode.ts'

const { error, warning } = finder('permissions')

/** Files of secrets and folders of state: who may read and write them. */
export const permissions: Check = {
  name: 'permissions',
  async examine({ patients }) {
    const found = await Promise.all([
      ...patients.flatMap(filesOf).map(fileFindings),
      ...patients.flatMap(foldersOf).map(folderFindings),
    ])
    return found.flat()
  },
}

type File = { readonly path: string; readonly what: string; readonly isSecret: boolean; readonly isEnrolment?: boolean }

/** Every file that a configuration names by a key such as `token_file`, and the configuration itself. */
function filesOf({ value, file, kind }: Patient): readonly File[] {
  const found: File[] = []
  const look = (inner: unknown, path: string): void => {
    if (Array.isArray(inner)) for (const [index, item] of inner.entries()) look(item, `${path}[${index}]`)
    else if (isObject(inner)) {
      for (const [key, said] of Object.entries(inner)) {
        const at = path === '' ? key : `${path}.${key}`
        // A credential is there only for the process that systemd starts; what it writes itself may not be there yet.
        const isRead = /^(token|password|secret|client_secret|key|ca|certificate)_file$/.test(key)
        if (typeof said !== 'string' || !isRead) look(said, at)
        else if (!said.startsWith('credential:') && at !== 'identity.secret_file')
          found.push({
            ...{ path: said, what: `${at} (${file})` },
            isSecret: !/^(ca|certificate)_/.test(key),
            isEnrolment: at === 'identity.token_file',
          })
      }
    }
  }
  if (kind !== 'routes') look(value, '')
  return [{ path: file, what: 'the configuration', isSecret: false }, ...found]
}

async function fileFindings({ path, what, isSecret, isEnrolment }: File): Promise<readonly Finding[]> {
  try {
    const { mode, uid } = await stat(path)
    await access(path, constants.R_OK)
    return modeFindings({ path, what, mode, owner: uid, kind: isSecret ? 'secret' : 'file' })
  } catch (cause) {
    if (isEnrolment && (cause as NodeJS.ErrnoException).code === 'ENOENT') {
      const text = `${what}: ${path} is not there: fine once this node has its certificate`
      return [warning(text, 'Put an enrolment token there if it has none yet: `heddle identity token`.')]
    }
    const remedy = `Let the user of the process read it${isSecret ? ' and nobody else' : ''}, or correct the path.`
    return [error(`${what} cannot be used: ${explainError(cause)}`, remedy)]
  }
}

async function folderFindings({ path, what, kind }: Folder): Promise<readonly Finding[]> {
  const seen = await stat(path).catch(() => undefined)
  if (!seen?.isDirectory()) return []
  const user = await userNamed(`heddle-${kind}`)
  const isUsual = path.startsWith('/var/lib/heddle')
  const expected = user !== undefined && isUsual ? { expected: { id: user, name: `heddle-${kind}` } } : {}
  return modeFindings({ path, what, mode: seen.mode, owner: seen.uid, kind: 'folder', ...expected })
}

/** The number of a user of this machine; undefined: there is none of that name, as with dynamic users that do not run. */
async function userNamed(name: string): Promise<number | undefined> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const id = users
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')[2]
  return id === undefined ? undefined : Number(id)
}
