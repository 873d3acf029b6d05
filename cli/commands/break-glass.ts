import { request } from 'node:http'
import { type Command, Option } from 'commander'
import * as z from 'zod/mini'
import { type BreakGlassRequest, BreakGlassView } from '#shared/access/api.ts'
import { Failure } from '#shared/failure/failure.ts'
import { intoNewFile } from '../secret-file.ts'
import type { OpenSession } from '../session.ts'
import { examples } from './examples.ts'

type Options = { readonly why: string; readonly socket: string; readonly out?: string; readonly as?: string }

const defaultSocket = '/run/heddle-plane/admin.sock'
const withinMs = 10_000
const mostBytes = 64 * 1024

/** `heddle break-glass`: ten minutes as an admin, for root on the plane's host. */
export function addBreakGlass(program: Command, open: OpenSession): void {
  program
    .command('break-glass')
    .description("a token of an admin for ten minutes, for who is root on the plane's host; it is written down")
    .requiredOption('--why <text>', 'why; everybody reads it in the audit')
    .addOption(new Option('--socket <path>', 'of the plane: `admin.sock` in its run folder').default(defaultSocket))
    .option('--out <file>', 'writes it to this new file, which only you can read, instead of showing it')
    .addOption(new Option('--as <name>', 'who you are (default: your user name)'))
    .addHelpText('after', examples("heddle break-glass --why 'nobody has a token any more' --out /root/heddle-token"))
    .action(async ({ why, socket, out, as }: Options, command: Command) => {
      const session = open(command)
      const make = () => ask(socket, { by: session.author(as), why })
      if (out === undefined) {
        return session.print(await make(), ({ token, expires_at }) => `${token}\nIt counts until ${expires_at}.`)
      }
      const { token: _, ...about } = await intoNewFile(out, make, ({ token }) => token)
      session.print(
        about,
        ({ expires_at }) => `It is in ${out} and counts until ${expires_at}: HEDDLE_TOKEN_FILE=${out}`,
      )
    })
}

async function ask(socketPath: string, body: BreakGlassRequest): Promise<BreakGlassView> {
  const { status, text } = await send(socketPath, JSON.stringify(body)).catch((cause: unknown) => {
    const remedy = 'Be root on the host of the plane, and name its socket by --socket (access.run_dir of the plane).'
    throw new Failure('PLANE_UNREACHABLE', `could not reach the plane at ${socketPath}`, { cause, remedy })
  })
  const read = z.safeParse(BreakGlassView, parsed(text))
  if (status === 200 && read.success) return read.data
  const cause = new Error(`${status}: ${text.slice(0, 500)}`)
  throw new Failure('PLANE_REFUSED', 'could not be made admin', { cause })
}

function send(socketPath: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const signal = AbortSignal.timeout(withinMs)
    const asked = request({ socketPath, path: '/break-glass', method: 'POST', headers, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
        if (text.length > mostBytes) answer.destroy(new Error('the answer is too large'))
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
