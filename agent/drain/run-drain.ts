import { createConnection } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod/mini'
import { argumentsError } from '#shared/config/arguments.ts'
import { durationMs } from '#shared/config/fields.ts'
import { Failure } from '#shared/failure/failure.ts'
import { mostDrainedMs } from '#shared/protocol/admit.ts'
import { loadAgentConfig } from '../config.ts'
import { type Asked, Step, Told } from './asked.ts'
import { controlSocket } from './serve-control.ts'

export const drainUsage = `Usage: heddle-agent drain <config.yaml> --service <name> [--service ...] [--reason <text>] [--for 10m] [--wait] [--timeout 30s]
       heddle-agent undrain <config.yaml> --service <name> [--service ...] [--reason <text>] [--now] [--wait] [--timeout 2m]

Has the agent that runs by this configuration take services of this host out of routing, without ending them, and back: for the unit of the
server itself (docs/systemd.md). It needs no token: an agent may only ask for its own node. What an operator has ordered stays.

  --service   a service that this agent looks after, or the id of one of its instances
  --reason    why, as people see it. Default: "its unit stops", "its unit is up"
  --for       draining ends by itself after this. Default: 10m, at most 24h
  --wait      until every sink shows it, not only until the plane has written it down
  --now       back at once; otherwise when the agent's checks find it well
  --timeout   given up after this. Default: 30s, 2m for undrain
  --help      print this

In ExecStop= of a unit whose server has ended by itself (SERVICE_RESULT) drain does nothing.
Exit code: 0 done, 1 not done, 3 a wrong command line.
`

/** The commands `drain` and `undrain`. Answers with the exit code; throws DRAIN_FAILED with the agent's or the plane's words. */
export async function runDrain(
  ask: Asked['ask'],
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(drainUsage)
    return 0
  }
  const read = readDrainArguments(ask, args)
  if (typeof read === 'string') {
    process.stderr.write(`${read}\n\n${drainUsage}`)
    return 3
  }
  const { SERVICE_RESULT: result = 'success' } = environment
  if (ask === 'drain' && result !== 'success') {
    process.stdout.write(`the server has ended by itself (${result}): there is nothing to drain\n`)
    return 0
  }
  const { state_dir } = await loadAgentConfig(read.file, environment)
  const told = await askAgent(controlSocket(resolve(state_dir)), read.asked, read.timeoutMs)
  if (!told.ok) throw new Failure('DRAIN_FAILED', `${read.asked.of.join(', ')}: ${told.why ?? 'not done'}`)
  for (const instance of told.instances ?? []) {
    const kept = told.kept?.[instance]
    const done = ask === 'drain' ? 'drained' : 'back in service'
    process.stdout.write(`${instance}: ${kept === undefined ? done : `stays as ${kept} has ordered`}\n`)
  }
  return 0
}

export type DrainArguments = { readonly file: string; readonly asked: Asked; readonly timeoutMs: number }

/** A string says what is wrong. Pure. */
export function readDrainArguments(ask: Asked['ask'], args: readonly string[]): DrainArguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        service: { type: 'string', multiple: true },
        reason: { type: 'string' },
        for: { type: 'string' },
        timeout: { type: 'string' },
        wait: { type: 'boolean' },
        now: { type: 'boolean' },
      },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) return 'expected one configuration'
    const { service = [], reason, wait = false, now = false } = values
    if (service.length === 0 || service.length > 64) return 'expected 1 to 64 services: --service <name>'
    if (ask === 'drain' && now) return '--now is for undrain'
    if (ask === 'undrain' && values.for !== undefined) return '--for is for drain'
    const forMs = durationMs(values.for ?? '10m')
    if (forMs === undefined || forMs < 1_000 || forMs > mostDrainedMs) return '--for: expected 1s to 24h'
    const timeoutMs = durationMs(values.timeout ?? (ask === 'drain' ? '30s' : '2m'))
    if (timeoutMs === undefined || timeoutMs < 1 || timeoutMs > mostDrainedMs) return '--timeout: expected 1ms to 24h'
    if ((reason?.length ?? 0) > 200) return '--reason: at most 200 characters'
    const why = reason ?? (ask === 'drain' ? 'its unit stops' : 'its unit is up')
    return {
      file,
      timeoutMs,
      asked: { ask, of: service, reason: why, forMs, wait, healthy: ask === 'undrain' && !now },
    }
  } catch (error) {
    return argumentsError(error)
  }
}

async function askAgent(path: string, asked: Asked, timeoutMs: number): Promise<Told> {
  return new Promise((resolve, reject) => {
    let text = ''
    let last = ''
    const socket = createConnection({ path, allowHalfOpen: true })
    const fail = (why: string) => {
      clearTimeout(deadline)
      socket.destroy()
      reject(new Failure('DRAIN_FAILED', `${asked.of.join(', ')}: ${why}`))
    }
    const deadline = setTimeout(() => {
      fail(`not done within ${timeoutMs} ms${last === '' ? ': no plane hears the agent' : `: ${last}`}`)
    }, timeoutMs)
    socket.on('error', (error: NodeJS.ErrnoException) => fail(`the agent does not answer at ${path}: ${error.code}`))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > 64 * 1024) return fail('the agent says too much')
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line: unknown = JSON.parse(text.slice(0, end))
        text = text.slice(end + 1)
        const step = z.safeParse(Step, line)
        if (step.success) {
          last = step.data.step
          process.stderr.write(`${last}\n`)
          continue
        }
        clearTimeout(deadline)
        socket.destroy()
        return resolve(z.parse(Told, line))
      }
    })
    socket.on('end', () => fail('the agent ended'))
    socket.write(`${JSON.stringify(asked)}\n`)
  })
}
