import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { advertisedApi, type PlaneConfig, servesTls } from '../config.ts'

/** The files of a first start that people need, and whether each is there. */
export type FirstFiles = Readonly<
  Record<'authority' | 'adminToken' | 'signIn' | 'enrolmentToken', { readonly path: string; readonly there: boolean }>
>

/** Where a plane of this configuration puts what its first start makes. */
export function firstFiles({ journal, identity }: PlaneConfig): FirstFiles {
  const journalFile = resolve(journal.path)
  const beside = dirname(journalFile)
  const file = (path: string) => ({ path, there: existsSync(path) })
  return {
    authority: file(join(beside, 'heddle-ca.pem')),
    adminToken: file(`${journalFile}-first-token`),
    signIn: file(`${journalFile}-first-sign-in`),
    enrolmentToken: file(resolve(identity.first_token.file ?? join(beside, 'enrolment-token'))),
  }
}

/** What to do in the first hour, as commands that can be copied; what was done already is left out. */
export function firstHourText(api: PlaneConfig['api'], files: FirstFiles, machine = hostname()): string {
  const { authority, adminToken, signIn, enrolmentToken } = files
  const shown = advertisedApi(api, machine)
  if (!servesTls(api)) return `This plane is asked in plain HTTP, at ${shown}: nobody has to enrol.\n`
  if (!authority.there) {
    return `There is no ${authority.path} yet: start the plane first, by systemctl start heddle-plane, and be root to look.\n`
  }
  const local = `https://localhost:${api.port}`
  const lines = [`This plane is asked at ${shown}.`, '', 'Here, in each shell:']
  lines.push(`  export HEDDLE_PLANE=${local} HEDDLE_CA=${authority.path} HEDDLE_TOKEN_FILE=/root/heddle-token`)
  if (adminToken.there) {
    lines.push('', 'The first admin, once:')
    lines.push(
      `  heddle --token-file ${adminToken.path} token create me --role admin --out /root/heddle-token --reason 'first admin'`,
    )
  }
  if (signIn.there) lines.push('', `Or in a browser, once, by the link in ${signIn.path}`)
  lines.push('', 'On each host, with a token that you copy there like a password:')
  const known = enrolmentToken.there ? enrolmentToken.path : undefined
  lines.push(known ? `  (the first token is in ${known})` : '  (heddle identity token --expires 1h --out token)')
  lines.push(`  heddle-agent enroll ${shown} --token-file token`)
  return `${lines.join('\n')}\n`
}

/** The command `first`. Answers with its exit code. */
export function firstCommand(load: (file: string) => Promise<PlaneConfig>) {
  return async (args: readonly string[]): Promise<number> => {
    const [file, ...more] = args
    if (file === undefined || more.length > 0 || file.startsWith('-')) {
      process.stderr.write('Usage: heddle-plane first <config.yaml>\n')
      return 2
    }
    const config = await load(file)
    process.stdout.write(firstHourText(config.api, firstFiles(config)))
    return 0
  }
}
