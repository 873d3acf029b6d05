import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { newAuthority } from '#control-plane/identity/authority.ts'
import { issueNodeCertificate } from '#control-plane/identity/issue.ts'
import { outsideAuthority } from '#control-plane/identity/outside-authority.ts'
import { everything } from '#shared/identity/scope.ts'
import { nodeOf } from './messages.ts'

/** An authority that a plane signs with, and a fleet before it: its files are made before either is started. */
export type AuthorityFiles = { readonly certificate_file: string; readonly key_file: string }

export async function writeAuthority(folder: string): Promise<AuthorityFiles> {
  const { authority, pkcs8 } = await newAuthority('benchmark', Date.now())
  const files = { certificate_file: join(folder, 'authority.pem'), key_file: join(folder, 'authority.key') }
  await writeFile(files.certificate_file, authority.pem)
  const lines = Buffer.from(pkcs8).toString('base64')
  await writeFile(files.key_file, `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 })
  return files
}

/** Keys that the nodes of a fleet share: making one each would take longer than all that is measured. */
const keys = 8

export type MembershipsWanted = {
  readonly authority: AuthorityFiles
  readonly installation: string
  /** The number of the first agent, and how many there are. */
  readonly first: number
  readonly agents: number
  readonly sites: readonly string[]
}

/** What each node of a fleet shows in TLS, by the number of its agent: certificates as the product issues them, of nodes that nobody enrolled. */
export async function issueMemberships(wanted: MembershipsWanted): Promise<ReadonlyMap<number, SecureContext>> {
  const { authority: files, installation, first, agents, sites } = wanted
  const [ca, key] = await Promise.all([readFile(files.certificate_file, 'utf8'), readFile(files.key_file, 'utf8')])
  const now = Date.now()
  const authority = await outsideAuthority(ca, key, now)
  const pairs = Array.from({ length: keys }, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return {
      publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  })
  const memberships = new Map<number, SecureContext>()
  for (let number = first; number < first + agents; number += 1) {
    const pair = pairs[number % keys]
    if (!pair) throw new Error('there are keys')
    const site = sites[number % sites.length] ?? ''
    const scope = { ...everything, v: 1, site, enrolment: 1 } as const
    const { publicKey } = pair
    const { pem } = await issueNodeCertificate(authority, { publicKey, installation, node: nodeOf(number), scope, now })
    memberships.set(
      number,
      createSecureContext({ cert: pem + authority.pem, key: pair.key, ca, minVersion: 'TLSv1.3' }),
    )
  }
  return memberships
}
