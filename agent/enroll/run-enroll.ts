import { access, constants, readFile, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { certificatesIn } from '#shared/identity/certificates-in.ts'
import { keyHash } from '#shared/identity/key-hash.ts'
import { readToken } from '#shared/identity/token.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { type AgentConfig, loadAgentConfig, readAgentConfig } from '../config.ts'
import { askPlane } from '../identity/ask-plane.ts'
import {
  type Credentials,
  keepCredentials,
  keepKey,
  keptCredentials,
  readCredentials,
} from '../identity/credentials.ts'
import { keepIdentity } from '../identity/keep-identity.ts'
import { makeRequest } from '../identity/make-request.ts'
import { stageOf } from '../identity/stage.ts'
import { type EnrollRequest, installedConfig, readEnrollArguments } from './arguments.ts'
import { clockOff, refusal } from './judge-answer.ts'
import { isLoopback, isSame, namePlane } from './name-plane.ts'

export const enrollUsage = `Usage: heddle-agent enroll <https://plane:8888> --token-file <file> [--config <config.yaml>] [--wait]

Enrols this host once: gives the token to the plane, after it has proven that it is one of the authority that the token pins, keeps the
certificate that it gets, and names the plane in the configuration. A second time changes nothing.

  --token-file  the file of the enrolment token, which nobody else may read; - reads it from another program
  --config      the agent's configuration. Default: ${installedConfig}
  --wait        where somebody has to approve this node first, wait until he has
  --help        print this

Exit code: 0 enrolled, 1 not enrolled, 3 a wrong command line, 4 somebody has to approve this node first.
`

const approvedAfter = 4
const askAgainMs = 5_000
const mostTokenLength = 64 * 1024

/** The command `enroll`. Answers with its exit code; throws why this host is not enrolled. */
export async function runEnroll(args: readonly string[], environment = process.env): Promise<number> {
  const read = readEnrollArguments(args)
  if (read.kind === 'help') {
    process.stdout.write(enrollUsage)
    return 0
  }
  if (read.kind === 'wrong') {
    process.stderr.write(`${read.why}\n\n${enrollUsage}`)
    return 3
  }
  const { request } = read
  const file = await realpath(request.config).catch(() => request.config)
  const config = await loadAgentConfig(file, environment)
  await writable(file)
  const token = await tokenOf(request.tokenFile)
  const membership = await asOwnerOf(resolve(config.state_dir), () => enrol(request, config, token))
  if (membership === undefined) return approvedAfter
  const named = await nameInConfig(file, request.plane, environment)
  if (isLoopback(request.plane) && config.node.address === undefined) {
    say(
      `It reaches the plane by loopback. Where others shall reach what runs here, set node.address in ${request.config}.`,
    )
  }
  say(`Next: systemctl restart heddle-agent, then: heddle-agent status ${request.config}`)
  if (named.plain.length > 0)
    say(`Mind that planes also names ${named.plain.join(', ')}, where nobody proves who he is.`)
  return 0
}

/** Undefined: somebody has to approve it first. */
async function enrol(
  { plane, wait }: EnrollRequest,
  { state_dir, node: { machine: stated, site } }: AgentConfig,
  { text, pin }: { readonly text: string; readonly pin: string },
): Promise<Credentials | undefined> {
  const stop = stopSignal()
  const folder = join(resolve(state_dir), 'identity')
  const log = createLogger({ name: 'heddle-agent', level: 'warn' })
  const { node, machine } = await keepIdentity(resolve(state_dir), stated, log)
  const key = await keepKey(folder)
  const kept = await keptCredentials(folder, key, node)
  if (kept && stageOf(kept, Date.now()) !== 'anew') {
    const trusted = certificatesIn(kept.trust).some(({ publicKey }) => keyHash(publicKey) === pin)
    if (!trusted) {
      throw new Failure('ENROLMENT_ELSEWHERE', `${node} is enrolled with another installation than the token's.`, {
        remedy: `To move this host: systemctl stop heddle-agent, move ${folder} away, and enrol it again.`,
      })
    }
    say(`${node} is enrolled already; its certificate holds until ${new Date(kept.notAfter).toISOString()}.`)
    return kept
  }
  const body = { token: text, node, site, machine, csr: await makeRequest(key) }
  for (let told = false; ; told = true) {
    const granted = await askPlane(plane, '/v1/enrol', body, { kind: 'pin', pin }, stop)
    if (granted.kind === 'refused' && !(told && granted.retry && !stop.aborted)) throw refusal(plane, granted)
    if (granted.kind === 'issued') return await take(granted, { folder, key, node, plane })
    if (!told) {
      say(`${node} is known to ${plane} with another key or machine: somebody has to approve it by`)
      say(`  heddle identity approve ${node}`)
      if (!wait) say('Then say this once more, or say it with --wait.')
    }
    if (!wait) return undefined
    await pause(askAgainMs, undefined, { signal: stop })
  }
}

async function take(
  granted: { readonly certificate: string; readonly trust: string },
  { folder, key, node, plane }: { folder: string; key: string; node: string; plane: string },
): Promise<Credentials> {
  const credentials = readCredentials({ key, ...granted }, node)
  if (!credentials) throw new Failure('ENROLMENT_REFUSED', `What ${plane} sent is no certificate of ${node}.`)
  const off = clockOff(credentials, Date.now())
  await keepCredentials(folder, credentials)
  const until = new Date(credentials.notAfter).toISOString()
  say(`${node} is enrolled with ${plane}; its certificate holds until ${until}, and the agent renews it by itself.`)
  if (off !== undefined) say(`${off} Set it right: certificates and logs go by it.`)
  say('The token is not needed here any more.')
  return credentials
}

/** The token and its pin. Rejects with SECRET_FILE or ENROLMENT_TOKEN_UNREADABLE; none of it is in any error. */
async function tokenOf(file: string): Promise<{ readonly text: string; readonly pin: string }> {
  const text = file === '-' ? await pipedIn() : await readSecret(file)
  const read = readToken(text)
  if (read.kind === 'read') return { text: text.trim(), pin: read.token.pin }
  const where = file === '-' ? 'what was piped in' : file
  throw new Failure('ENROLMENT_TOKEN_UNREADABLE', `There is no enrolment token in ${where}: ${read.why}.`)
}

/** What another program gives; no more of it than a token may be long. */
async function pipedIn(): Promise<string> {
  let text = ''
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part
    if (text.length > mostTokenLength) break
  }
  return text.slice(0, mostTokenLength)
}

/** Names the plane in the file, and sees that it is read again as it is meant. */
async function nameInConfig(file: string, plane: string, environment: Readonly<Record<string, string | undefined>>) {
  const before = await readFile(file, 'utf8')
  const after = namePlane(before, plane)
  const { config } = readAgentConfig(after ?? before, file, environment)
  if (after === undefined || !config?.planes.some((each) => isSame(each, plane))) {
    throw new Failure('CONFIG_INVALID', `${file} cannot be made to name ${plane}.`, {
      remedy: `Write it there yourself: planes: [${plane}]. The certificate is kept.`,
    })
  }
  if (after !== before) {
    const { mode } = await stat(file)
    await replaceFile(file, after, { mode: mode & 0o777 })
    say(`${file} names ${plane} in planes now.`)
  }
  return { plain: config.planes.filter((each) => !each.startsWith('https:')) }
}

async function writable(file: string): Promise<void> {
  await access(file, constants.W_OK).catch((cause: unknown) => {
    throw new Failure('STATE_UNWRITABLE', `${file} cannot be written to.`, { remedy: 'Enrol as root.', cause })
  })
}

/** As root: does what it does as whom the state folder belongs to, so that the agent can read what is written there, and nothing else is. */
async function asOwnerOf<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { setegid, seteuid, geteuid, getegid } = process
  const owner = await stat(folder).catch(() => undefined)
  if (!owner || !setegid || !seteuid || geteuid?.() !== 0 || owner.uid === 0) return await work()
  const group = getegid?.() ?? 0
  setegid(owner.gid)
  seteuid(owner.uid)
  try {
    return await work()
  } finally {
    seteuid(0)
    setegid(group)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
