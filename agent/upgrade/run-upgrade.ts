import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Failure } from '#shared/failure/failure.ts'
import { loadAgentConfig } from '../config.ts'
import { agentVersion } from '../version.ts'
import { judgeUpgrade } from './judge-upgrade.ts'
import { raiseFloor, readFloor } from './keep-floor.ts'

export const upgradeUsage = `Usage: heddle-agent upgrade <config.yaml> <signed.json> <file> [--dry-run]

Says whether a release may be installed in the place of this agent: whether a key that this host trusts (\`upgrade.keys\`) has signed it,
whether the file is the one that was signed, and whether it is no older than what was here before. What is let in is remembered: nothing
older is let in from then on. Nothing is installed.

  --dry-run   remember nothing
  --help      print this

Exit code: 0 it may be installed, 1 it may not, 3 a wrong command line.
`

const mostSignedBytes = 16 * 1024

/** The command `upgrade`. Answers with its exit code; throws why the release may not be installed. */
export async function runUpgrade(args: readonly string[], environment = process.env): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(upgradeUsage)
    return 0
  }
  const [config, signed, file, ...more] = args.filter((arg) => arg !== '--dry-run')
  if (config === undefined || signed === undefined || file === undefined || more.length > 0) {
    process.stderr.write(`expected a configuration, a signed release and its file\n\n${upgradeUsage}`)
    return 3
  }
  const { upgrade, state_dir } = await loadAgentConfig(config, environment)
  const stateDir = resolve(state_dir)
  const answer = judgeUpgrade({
    signed: await readSigned(signed),
    sha256: await hashOf(file),
    keys: await Promise.all(upgrade.keys.map(readKey)),
    floor: await readFloor(stateDir, agentVersion()),
    now: Date.now(),
  })
  if (answer.may === 'nothing') throw new Failure(answer.code, `${file} may not be installed: ${answer.why}`)
  if (!args.includes('--dry-run')) await raiseFloor(stateDir, answer.manifest.version)
  process.stdout.write(`${file} is ${answer.manifest.version}, and may be installed\n`)
  return 0
}

/** A public key out of its file. Throws UPGRADE_KEY. */
export async function readKey(file: string): Promise<KeyObject> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('UPGRADE_KEY', `${file} cannot be read`, { cause })
  })
  return publicKeyOf(text, file)
}

/** A public key out of the text of its file. Throws UPGRADE_KEY. */
export function publicKeyOf(text: string, file: string): KeyObject {
  try {
    // A private one holds a public one, and has no business on a host.
    if (text.includes('PRIVATE')) throw new Error('it is a private key')
    const key = createPublicKey(text)
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of ${key.asymmetricKeyType}`)
    return key
  } catch (cause) {
    throw new Failure('UPGRADE_KEY', `${file} is no public key of Ed25519`, { cause })
  }
}

async function readSigned(file: string): Promise<unknown> {
  try {
    const text = await readFile(file, 'utf8')
    return text.length > mostSignedBytes ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash).catch((cause: unknown) => {
    throw new Failure('UPGRADE_CONTENT', `${file} cannot be read`, { cause })
  })
  return hash.digest('hex')
}
