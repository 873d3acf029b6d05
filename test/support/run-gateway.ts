/**
 * An agent's gateway in a process of its own, for tests that kill it:
 *
 *   node test/support/run-gateway.ts <state folder> <configuration as JSON> [<set as JSON>]
 *
 * Each line of its output is an outcome as JSON.
 */
import { once } from 'node:events'
import * as z from 'zod/mini'
import { GatewayConfig } from '#agent/gateway/config.ts'
import { startGateways } from '#agent/gateway/start-gateways.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { GatewayFiles } from '#shared/protocol/gateway.ts'

const [stateDir = '', configuration = '', set] = process.argv.slice(2)
const config = z.parse(GatewayConfig, JSON.parse(configuration))
await using gateways = startGateways([config], {
  log: createLogger({ name: 'gateway', level: 'silent' }),
  stateDir,
  onOutcome: (_, outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`),
  signal: new AbortController().signal,
})
if (set !== undefined) gateways.take(config.name, z.parse(GatewayFiles, JSON.parse(set)))
await once(process, 'SIGTERM')
