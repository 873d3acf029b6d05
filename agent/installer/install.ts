import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod/mini'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import { Outcome } from '#shared/protocol/hand-over.ts'
import { raiseFloor } from '../upgrade/keep-floor.ts'
import type { InstallerConfig } from './config.ts'
import { Installation, nextStep, type StepEnd } from './phase.ts'
import { type HealthSeen, WellCheck } from './proof.ts'
import { repack } from './repack.ts'
import { command, fieldOf, installedVersion, installPackage } from './run-dpkg.ts'
import { readWanted, stageRelease } from './stage-release.ts'

/** Says what is done, for the journal of the host. */
export type Say = (text: string) => void

const lookEveryMs = 500
const restartAfterMs = 5_000

const idle: Outcome = { format: 1, stage: 'idle', id: '', version: '', code: '', why: '' }
/** What the agent says of itself is a line; whoever has its port meanwhile may say more. */
const mostHealthBytes = 64 * 1024

const Health = z.object({ version: z.string(), session: z.object({ state: z.string() }) })

/**
 * Does what there is to be done: goes on with what was broken off, or takes what the agent wants. Rejects only where its own folders cannot be
 * written. Resolves with what it said last.
 */
export async function runInstaller(config: InstallerConfig, say: Say): Promise<Outcome> {
  await mkdir(config.state_dir, { recursive: true, mode: 0o700 })
  await mkdir(dirname(config.outcome), { recursive: true, mode: 0o755 })
  const kept = await readJson(recordFile(config), Installation)
  if (kept.kind === 'read') {
    say(`goes on with ${kept.value.version}, which was ${kept.value.phase}`)
    return goOn(kept.value, config, say)
  }
  const before = await readJson(answeredFile(config), Outcome)
  const answered = before.kind === 'read' ? before.value : idle
  const wanted = await readWanted(config.inbox)
  // What was answered is told again: a start of the machine forgets what the agent reads, and not what is wanted.
  if (!wanted || answered.id === wanted.id) return tell(config, answered)
  const { id, signed } = wanted
  const { version, sha256 } = signed.manifest
  let connected: boolean
  try {
    await stageRelease(wanted, config)
    await keepFormer(config)
    connected = (await agentNow(config)).connected
  } catch (error) {
    const code = error instanceof Failure ? error.code : 'UPGRADE_PACKAGE'
    say(`${version} is refused: ${code}: ${explainError(error)}`)
    return tell(config, { stage: 'refused', id, version, code, why: explainError(error) })
  }
  const record: Installation = {
    format: 1,
    id,
    version,
    sha256,
    phase: 'staged',
    tries: 0,
    connected,
    code: '',
    why: '',
  }
  await writeJson(recordFile(config), record, { mode: 0o600 })
  say(`${version} is signed and checked; it is installed now`)
  return goOn(record, config, say)
}

async function goOn(begun: Installation, config: InstallerConfig, say: Say): Promise<Outcome> {
  const { id, version } = begun
  await tell(config, { stage: 'installing', id, version, code: '', why: '' })
  let record = begun
  let end: StepEnd | undefined
  for (;;) {
    const next = nextStep(record, end)
    record = next.as
    if (next.do === 'end') {
      if (next.stage === 'done') await settle(version, config)
      say(next.stage === 'done' ? `${version} is well` : `${version} was taken back: ${record.code}: ${record.why}`)
      const outcome = await tell(config, { stage: next.stage, id, version, code: record.code, why: record.why })
      // Answered first: what is neither under way nor answered would be begun again.
      await rm(recordFile(config), { force: true })
      return outcome
    }
    await writeJson(recordFile(config), record, { mode: 0o600 })
    end = await step(next.do, record, config, say)
  }
}

async function step(
  what: 'install' | 'prove' | 'return',
  record: Installation,
  config: InstallerConfig,
  say: Say,
): Promise<StepEnd> {
  const { state_dir: folder, root, restart } = config
  try {
    switch (what) {
      case 'install':
        await installPackage(join(folder, 'staged.deb'), root)
        return { kind: 'went' }
      case 'prove':
        return await prove(record, config, say)
      case 'return': {
        say(`${record.version} goes, and the former package comes back: ${record.why}`)
        // Whatever is there then, some agent is to run.
        await installPackage(formerFile(config), root).finally(() => restarted(restart))
        return { kind: 'went' }
      }
    }
  } catch (error) {
    return { kind: 'failed', why: explainError(error) }
  }
}

/** Looks at the new agent until it was well for a while, or the time is over. */
async function prove({ version, connected }: Installation, config: InstallerConfig, say: Say): Promise<StepEnd> {
  const { health, well_for: wellForMs, well_within: withinMs, restart } = config
  const began = performance.now()
  const check = new WellCheck({ version, connected, wellForMs, withinMs }, began)
  let isRestarted = false
  for (;;) {
    const seen = await lookAt(health)
    const now = performance.now()
    // A package starts its own agent anew; where it did not, the former one still runs, or none does.
    if (!isRestarted && seen?.version !== version && now - began >= Math.min(restartAfterMs, withinMs / 4)) {
      isRestarted = true
      say(`the agent is started anew: ${restart.join(' ')}`)
      await restarted(restart)
    }
    const proven = check.look(seen, performance.now())
    if (proven.kind === 'well') return { kind: 'went' }
    if (proven.kind === 'late') return { kind: 'failed', why: proven.why }
    await pause(lookEveryMs)
  }
}

/** How the agent is that runs now. Throws UPGRADE_UNSEEN: what cannot be seen now could not be seen afterwards, and would be taken back. */
async function agentNow({ health, well_within: withinMs }: InstallerConfig): Promise<NonNullable<HealthSeen>> {
  const until = performance.now() + withinMs / 4
  for (;;) {
    const seen = await lookAt(health)
    if (seen) return seen
    if (performance.now() >= until)
      throw new Failure('UPGRADE_UNSEEN', `the agent that runs now does not say at ${health} how it is`)
    await pause(lookEveryMs)
  }
}

async function restarted([program = '', ...args]: readonly string[]): Promise<void> {
  await command(program, args)
}

async function lookAt(health: string): Promise<HealthSeen> {
  try {
    const response = await fetch(health, { signal: AbortSignal.timeout(2_000), redirect: 'error' })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > mostHealthBytes) return undefined
      chunks.push(chunk)
    }
    const { version, session } = z.parse(Health, JSON.parse(Buffer.concat(chunks).toString('utf8')))
    return { version, connected: session.state === 'connected' }
  } catch {
    return undefined
  }
}

/** Sees that what is installed now could be put back: it is the file of last time, or is made of what is there. */
async function keepFormer(config: InstallerConfig): Promise<void> {
  const { state_dir: folder, root, package: name } = config
  const installed = await installedVersion(name, root)
  const current = join(folder, 'current.deb')
  if ((await fieldOf(current, 'Version').catch(() => '')) === installed) await rename(current, formerFile(config))
  else await repack(name, { root, folder, file: formerFile(config) })
}

/** The new one is the one that the next would be exchanged for; nothing older is let in from now on. */
async function settle(version: string, { state_dir: folder }: InstallerConfig): Promise<void> {
  await raiseFloor(folder, version)
  await rename(join(folder, 'staged.deb'), join(folder, 'current.deb')).catch((error: NodeJS.ErrnoException) => {
    // It was cut off right after this: the file is there.
    if (error.code !== 'ENOENT') throw error
  })
}

async function tell(config: InstallerConfig, said: Omit<Outcome, 'format'>): Promise<Outcome> {
  const told: Outcome = { ...said, format: 1, why: said.why.slice(0, 400) }
  if (told.stage !== 'idle' && told.stage !== 'installing') await writeJson(answeredFile(config), told, { mode: 0o600 })
  await writeJson(config.outcome, told, { mode: 0o644 })
  return told
}

/** What was answered last, over starts of the machine. */
function answeredFile({ state_dir }: InstallerConfig): string {
  return join(state_dir, 'answered.json')
}

function recordFile({ state_dir }: InstallerConfig): string {
  return join(state_dir, 'installation.json')
}

function formerFile({ state_dir }: InstallerConfig): string {
  return join(state_dir, 'former.deb')
}
