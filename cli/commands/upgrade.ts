import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { ReleaseManifest, signRelease } from '#shared/protocol/release.ts'
import { intoNewFile } from '../secret-file.ts'
import type { OpenSession } from '../session.ts'
import { examples } from './examples.ts'
import { addRollout } from './upgrade-rollout.ts'

type KeyOptions = { readonly out: string }
type SignOptions = {
  readonly release: string
  readonly keyFile: string
  readonly notBefore?: string
  readonly out: string
}

/** `heddle upgrade key|sign`: what is done where releases are made, away from all planes; then how they come to hosts. */
export function addUpgrade(program: Command, open: OpenSession): void {
  const upgrade = program
    .command('upgrade')
    .description('releases of the agent: signed away from any control plane, and brought to hosts in stages')
  upgrade
    .command('key')
    .description('makes a key that signs; hosts get the public one beside it (.pub)')
    .requiredOption('--out <file>', 'the new file for the private key, which only you can read')
    .addHelpText('after', examples('heddle upgrade key --out /media/stick/heddle-release.key'))
    .action(async ({ out }: KeyOptions, command: Command) => {
      const session = open(command)
      const { publicKey } = await intoNewFile(
        out,
        async () => generateKeyPairSync('ed25519'),
        ({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd(),
      )
      const publicFile = `${out}.pub`
      await writeNew(publicFile, publicKey.export({ type: 'spki', format: 'pem' }).toString())
      session.print(
        { private: out, public: publicFile },
        () =>
          `Keep ${out} away from networks. Put ${publicFile} on each host, and name it in \`upgrade.keys\` of its agent.`,
      )
    })
  upgrade
    .command('sign')
    .argument('<file>', 'what hosts will install')
    .description('says of a file which version it is, and signs that')
    .requiredOption('--release <version>', 'which version it is')
    .requiredOption('--key-file <file>', 'the private key')
    .option('--not-before <time>', 'when it may be installed at the earliest (default: now)')
    .requiredOption('--out <file>', 'the new file for the signed release')
    .addHelpText(
      'after',
      examples(
        'heddle upgrade sign heddle-1.4.0.tgz --release 1.4.0 --key-file heddle-release.key --out heddle-1.4.0.json',
      ),
    )
    .action(async (file: string, options: SignOptions, command: Command) => {
      const session = open(command)
      const { release, keyFile, notBefore, out } = options
      const said = {
        version: release,
        sha256: await hashOf(file),
        not_before: timeOf(notBefore, session.now()),
      }
      const manifest = z.safeParse(ReleaseManifest, said)
      if (!manifest.success) {
        throw new Failure('ARGUMENT_INVALID', `${release} is no version such as 1.4.0 or 1.4.0-rc.1`)
      }
      const signed = signRelease(manifest.data, await privateKeyIn(keyFile))
      await writeNew(out, `${JSON.stringify(signed, undefined, 2)}\n`)
      session.print(signed, () => `${out} says that ${file} is ${release}, signed by the key ${signed.key}.`)
    })
  addRollout(upgrade, open)
}

function timeOf(text: string | undefined, now: number): string {
  const at = text === undefined ? now : Date.parse(text)
  if (Number.isNaN(at)) throw new Failure('ARGUMENT_INVALID', `${text} is no time such as 2027-01-31T06:00:00Z`)
  return new Date(at).toISOString()
}

async function privateKeyIn(file: string): Promise<KeyObject> {
  const text = await readSecret(file)
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // What is in it is not repeated.
  }
  throw new Failure('UPGRADE_KEY', `${file} holds no private key of Ed25519`)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash).catch((cause: unknown) => {
    throw new Failure('ARGUMENT_INVALID', `${file} cannot be read`, { cause })
  })
  return hash.digest('hex')
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await using file = await openFile(path, 'wx', 0o644)
    await file.writeFile(text)
  } catch (cause) {
    throw new Failure('ARGUMENT_INVALID', `${path} cannot be made`, {
      cause,
      remedy: 'Name a file that is not there yet.',
    })
  }
}
