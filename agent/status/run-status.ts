import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { loadAgentConfig } from '../config.ts'
import { Health, statusCode, statusText } from './show.ts'

export const statusUsage = `Usage: heddle-agent status <config.yaml> [--json]

Asks the agent that runs by this configuration how it is: with which plane it has its session, which others it knows in the order
in which it would rather have them, and what it finds of its instances.

  --json      for scripts: what the agent's own /health says
  --help      print this

Exit code: 0 a plane hears it, 1 none does, or it does not run, 3 a wrong command line.
`

const answerWithinMs = 5_000

/** The command `status`. Answers with its exit code. */
export async function runStatus(args: readonly string[], environment = process.env): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(statusUsage)
    return 0
  }
  const json = args.includes('--json')
  const [file, ...more] = args.filter((arg) => arg !== '--json')
  const option = [file, ...more].find((arg) => arg?.startsWith('-'))
  if (file === undefined || more.length > 0 || option !== undefined) {
    const wrong = option === undefined ? 'expected one configuration' : `Unknown option '${option}'.`
    process.stderr.write(`${wrong}\n\n${statusUsage}`)
    return 3
  }
  const { admin } = await loadAgentConfig(file, environment)
  if (!admin.enabled) {
    throw new Failure('AGENT_UNREACHABLE', 'Its admin page is switched off.', {
      remedy: 'Set `admin.enabled` to true and restart the agent.',
    })
  }
  const host = admin.address.includes(':') ? `[${admin.address}]` : admin.address
  const url = `http://${host}:${admin.port}/health`
  const answer = await ask(url)
  const { data: health } = z.safeParse(Health, answer)
  if (health === undefined) throw new Failure('AGENT_UNREACHABLE', `What answers at ${url} is no agent of Heddle.`)
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : statusText(health))
  return statusCode(health)
}

async function ask(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) })
    return await response.json()
  } catch (cause) {
    throw new Failure('AGENT_UNREACHABLE', `The agent does not answer at ${url}`, { cause })
  }
}
