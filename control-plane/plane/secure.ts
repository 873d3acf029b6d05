import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { isOpen, type PlaneConfig, servesTls } from '../config.ts'
import type { Authority } from '../identity/authority.ts'
import { copiedRevocations, type KeptText, readOnlyCopy } from '../identity/copied-revocations.ts'
import { firstToken } from '../identity/first-token.ts'
import { Identities, type RevocationCopy } from '../identity/identities.ts'
import { keepSecret } from '../identity/keep-secret.ts'
import { outsideAuthority } from '../identity/outside-authority.ts'
import { ownNames } from '../identity/own-names.ts'
import { revocationFile } from '../identity/revocation-file.ts'
import { ServerCertificate } from '../identity/server-certificate.ts'
import { ticketKeysOf } from '../identity/ticket-keys.ts'
import { Vouchers } from '../identity/vouch.ts'
import type { Store } from '../journal/store.ts'
import { consulOf } from '../mirror/follow.ts'
import { revocationsKey } from '../mirror/names.ts'
import { xdsOverTls } from '../routing/config.ts'
import type { Run } from './run.ts'

/** Who is known, and by what this plane shows itself. */
export type Security = AsyncDisposable & {
  readonly identities: Identities
  readonly certificate: ServerCertificate
  /** What was revoked, for the datacenters that are mirrored into. */
  readonly kept: KeptText
  /** A job for the timetable. */
  readonly lookAfterCertificate: () => Promise<void>
}

/** A datacenter that does not answer holds up no start; whoever leads reads it when it does. */
const readWithinMs = 2_000

/** Whether anything of this plane is asked over TLS. */
export function isSecured({ api, routing }: Pick<PlaneConfig, 'api' | 'routing'>): boolean {
  return servesTls(api) || xdsOverTls(routing.xds)
}

/**
 * Opens who is known: the first plane of an installation makes its secret, its authority and its first enrolment token. Undefined where
 * nothing is asked over TLS. Rejects with SECRET_UNUSABLE, SECRET_WRONG, AUTHORITY_UNUSABLE.
 */
export async function openSecurity({ config, log }: Run, store: Store): Promise<Security | undefined> {
  if (isOpen(config.api)) {
    log.warn(
      { address: config.api.address },
      'INSECURE: whoever reaches the API may report for others and change everything',
    )
  }
  if (!isSecured(config)) return undefined
  const { identity } = config
  const now = Date.now
  const folder = dirname(config.journal.path)
  const secretFile = identity.secret_file ?? join(folder, 'heddle-secret')
  if (config.journal.path === ':memory:' && identity.secret_file === undefined) {
    throw new Failure('SECRET_UNUSABLE', 'A store that nobody keeps has no place for a secret.', {
      remedy: 'Give the journal a file (`journal.path`), or name a secret by `identity.secret_file`.',
    })
  }
  // Of planes that share a store each must have the same; one that makes its own would be refused.
  const secret = await keepSecret(secretFile, { make: store.sharing === undefined })
  const outside = await readOutside(identity.authority, log)
  const { installation } = store
  const copies = [
    revocationFile(`${secretFile}-revocations`, installation),
    ...config.mirror.datacenters.map((each) => revocationsIn(each, config.mirror.owner, { secret, installation })),
  ]
  await using stack = new AsyncDisposableStack()
  const vouchers = stack.use(new Vouchers(config.kubernetes.clusters, log))
  const vouch = (token: string) => vouchers.vouch(token)
  const identities = stack.use(await Identities.open({ store, installation, secret, outside, copies, log, vouch }))
  const { file = join(folder, 'enrolment-token'), uses, lifetime } = identity.first_token
  const { id } = identities.authorities.active
  const keepTrust = () =>
    replaceFile(join(folder, 'heddle-ca.pem'), identities.trust, { mode: 0o644 }).catch(
      warn(log, 'the authorities could not be written beside the journal'),
    )
  await keepTrust()
  stack.defer(identities.onChange(() => void keepTrust()))
  const token = await firstToken(store, id, { file, uses, lifetimeMs: lifetime, now: now() })
  if (token) {
    const until = new Date(token.expiresAt).toISOString()
    log.info(
      { file: token.file, uses, until },
      "the first enrolment token was written: copy the file to an agent's identity.token_file",
    )
  }
  const advertised =
    config.api.advertise === undefined ? [] : [new URL(config.api.advertise).hostname.replace(/^\[|\]$/g, '')]
  const names = () => ownNames([...config.api.names, ...advertised])
  const ticketKeys = ticketKeysOf(secret, installation)
  const certificate = await ServerCertificate.make({
    authorities: () => identities.authorities,
    ...{ ticketKeys, names, now, log },
  })
  const open = stack.move()
  return {
    identities,
    certificate,
    kept: copiedRevocations({ secret, installation, identities, log }),
    lookAfterCertificate: () => certificate.look(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function readOutside(files: PlaneConfig['identity']['authority'], log: Logger): Promise<readonly Authority[]> {
  const [wanted, ...before] = Array.isArray(files) ? files : files ? [files] : []
  if (!wanted) return []
  const outside = [await readAuthority(wanted)]
  for (const each of before) {
    // One that has ended signs nothing any more; where it would have to, that is said then.
    const found = await readAuthority(each).catch(warn(log, 'a former authority cannot sign'))
    if (found && !outside.some(({ id }) => id === found.id)) outside.push(found)
  }
  return outside
}

type AuthorityFiles = { readonly certificate_file: string; readonly key_file: string }

async function readAuthority({ certificate_file, key_file }: AuthorityFiles): Promise<Authority> {
  const [certificates, key] = await Promise.all([read(certificate_file), readSecret(key_file)])
  return outsideAuthority(certificates, key, Date.now())
}

/** What stands in a datacenter is read at the start; whoever leads writes it. */
function revocationsIn(
  datacenter: PlaneConfig['mirror']['datacenters'][number],
  owner: string,
  about: { readonly secret: Uint8Array; readonly installation: string },
): RevocationCopy {
  return readOnlyCopy(`the datacenter ${datacenter.name}`, about, async () => {
    using consul = consulOf(datacenter)
    return (await consul.readKey(revocationsKey(owner), { signal: AbortSignal.timeout(readWithinMs) }))?.value
  })
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('AUTHORITY_UNUSABLE', `${file} cannot be read`, { cause })
  })
}
