import { styleText } from 'node:util'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import type { Health } from '#shared/protocol/check.ts'
import { readAsked } from './asked.ts'
import { look } from './look.ts'
import { lookJson, lookText, type Paint } from './show.ts'

export const probeUsage = `Usage: heddle-agent probe <address> [--service <name>] [--timeout 2s] [--json]

Asks a server once, as a check does, and shows what is made of its answer and why.

  <address>   http://host:port/path (without a path: /health), https://..., tcp://host:port, or a kind of check as the scheme:
              grpc://, mysql://user@host, postgresql://user@host/database, redis://, mongodb://, elasticsearch://, neo4j://;
              with an s behind it, as in rediss://, within TLS where that kind can
  --service   who should answer; another name in the body is critical. Default: anybody
  --timeout   how long it may take. Default: 2s
  --json      for scripts: one JSON object
  --help      print this

Exit code: 0 passing, 1 warning, 2 critical or unreachable, 3 no verdict or a wrong command line.
Colours are used on a terminal only, and not where NO_COLOR is set.
`

const exitCodes: Readonly<Record<Health, number>> = { passing: 0, warning: 1, critical: 2, unknown: 3 }
const colours = { passing: 'green', warning: 'yellow', critical: 'red', unknown: 'magenta', faint: 'dim' } as const

/** Colours where standard output is a terminal that wants them. */
const paint: Paint = (text, as) => styleText(colours[as], text, { stream: process.stdout })

/** The command `probe`. Answers with its exit code. */
export async function runProbe(args: readonly string[]): Promise<number> {
  const asked = readAsked(args)
  switch (asked.kind) {
    case 'help':
      process.stdout.write(probeUsage)
      return 0
    case 'wrong':
      process.stderr.write(`${asked.message}\n\n${probeUsage}`)
      return 3
    case 'probe': {
      const seen = await look(asked.spec, stopSignal())
      process.stdout.write(asked.json ? `${JSON.stringify(lookJson(seen))}\n` : lookText(seen, paint))
      return exitCodes[seen.verdict.health]
    }
  }
}
