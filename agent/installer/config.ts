import * as z from 'zod/mini'
import { duration, httpUrl } from '#shared/config/fields.ts'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { Failure } from '#shared/failure/failure.ts'
import { readRootFile } from '../root-files/read-root-file.ts'

const path = z.string().check(z.minLength(1), z.maxLength(4096))
const words = z.array(z.string().check(z.minLength(1), z.maxLength(4096))).check(z.minLength(1), z.maxLength(32))

/** What root lets be installed in the place of the agent. Only this file says so; the agent's own says what the agent hands over. */
export const InstallerConfig = z.strictObject({
  /** Files with public keys of Ed25519 (PEM). Without any, nothing is let in. */
  keys: z._default(z.array(path).check(z.maxLength(16)), []),
  /** The agent's folder, from which one file is copied. Nothing in it is believed. */
  inbox: z._default(path, '/var/lib/heddle-agent/upgrade'),
  /** What only root may write: the copy, the former package, and how far it is. */
  state_dir: z._default(path, '/var/lib/heddle-upgrade'),
  /** What the agent reads. */
  outcome: z._default(path, '/run/heddle-upgrade/outcome.json'),
  /** No other package is installed. */
  package: z._default(z.string().check(z.regex(/^[a-z0-9][a-z0-9+.-]{1,63}$/)), 'heddle-agent'),
  /** Where the agent says how it is. */
  health: z._default(httpUrl(), 'http://127.0.0.1:9180/health'),
  /** Within this the new agent must be well; else the former one is put back. */
  well_within: z._default(duration(), 90_000),
  /** For so long it must be well without a break. */
  well_for: z._default(duration(), 10_000),
  /** Starts the agent anew, where its package did not do so. */
  restart: z._default(words, ['systemctl', 'restart', 'heddle-agent.service']),
  /** Of the host; another one is for trying it out. */
  root: z._default(path, '/'),
})
export type InstallerConfig = z.infer<typeof InstallerConfig>

/**
 * Reads the file. Throws UPGRADE_TRUST where somebody else than root could have written it, CONFIG_UNREADABLE, or CONFIG_INVALID with every
 * problem on its own line.
 */
export async function loadInstallerConfig(file: string): Promise<InstallerConfig> {
  const text = await readRootFile(file, 'UPGRADE_TRUST')
  const { config, problems } = readConfig(InstallerConfig, text, file, {})
  if (config) return config
  throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'), { remedy: `Correct ${file}.` })
}
