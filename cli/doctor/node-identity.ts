import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identityFiles } from '#shared/envoy/node-secrets.ts'
import { objectAt, type Patient, textAt } from './claims.ts'

/** What a node shows itself by, and whom it believes, as its agent keeps it. */
export type NodeIdentity =
  | {
      readonly kind: 'kept'
      readonly folder: string
      readonly cert: string
      readonly key: string
      readonly trust: string
    }
  /** It has not been enrolled. `authority`: whom it is to believe until then, where its configuration says so. */
  | { readonly kind: 'none'; readonly folder: string; readonly authority?: string }
  /** It is there, or may be; this user may not read it. */
  | { readonly kind: 'unseen'; readonly folder: string }

/** Reads what the agent of a configuration keeps. Never rejects. */
export async function readNodeIdentity({ value }: Pick<Patient, 'value'>): Promise<NodeIdentity> {
  const folder = join(textAt(value, 'state_dir', '/var/lib/heddle-agent'), 'identity')
  const files = identityFiles(folder)
  try {
    const [cert, key, trust] = await Promise.all(
      [files.certificate, files.key, files.trust].map((path) => readFile(path, 'utf8')),
    )
    return { kind: 'kept', folder, cert: cert ?? '', key: key ?? '', trust: trust ?? '' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return { kind: 'unseen', folder }
    const path = textAt(objectAt(objectAt(value, 'identity'), 'kubernetes'), 'ca_file', '')
    const authority = path === '' ? undefined : await readFile(path, 'utf8').catch(() => undefined)
    return authority === undefined ? { kind: 'none', folder } : { kind: 'none', folder, authority }
  }
}

/** Whom a node believes planes by. */
export function authorityOf(identity: NodeIdentity): string | undefined {
  if (identity.kind === 'kept') return identity.trust
  return identity.kind === 'none' ? identity.authority : undefined
}

/** What helps where a plane is signed by nobody whom the node believes. @param plane its address */
export function ifStranger(identity: NodeIdentity, plane: string): string {
  switch (identity.kind) {
    case 'kept':
      return `It is a plane of another installation than the one that this node is enrolled with: correct \`planes\`, or, to move the node, stop its agent, move ${identity.folder} away and \`heddle-agent enroll ${plane} --token-file <file>\`.`
    case 'none':
      return `This node is not enrolled yet: \`heddle-agent enroll ${plane} --token-file <file>\`.`
    case 'unseen':
      return `Whom this node believes cannot be read in ${identity.folder}: run the doctor as root.`
  }
}
