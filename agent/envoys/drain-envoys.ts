import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#shared/logging/logger.ts'
import type { DrainState } from '#shared/protocol/orders.ts'
import { portOf } from '../gateway/config.ts'
import type { DrainOrder } from '../gateway/drain-order.ts'
import { drainingEnvoy } from '../gateway/envoy/drain-envoy.ts'
import { Drain } from '../gateway/keep-drain.ts'
import type { EnvoyConfig } from './config.ts'

export type EnvoyDrains = AsyncDisposable & {
  /** Has all of them drain, or serve again where there is no order. */
  drain(order: DrainOrder | undefined): void
  /** How each stands towards the balancers in front, by gateway and admin page: `edge@127.0.0.1:9901`. */
  readonly states: Readonly<Record<string, DrainState>>
}

type Parts = {
  readonly stateDir: string
  readonly log: Logger
  readonly onDrain: () => void
  readonly stop: AbortSignal
}

/** Has the Envoys of this node that ask the plane themselves drain with their node. */
export async function drainEnvoys(
  envoys: readonly EnvoyConfig[],
  { stateDir, log, onDrain, stop }: Parts,
): Promise<EnvoyDrains> {
  const folder = join(stateDir, 'envoys')
  if (envoys.length > 0) await mkdir(folder, { recursive: true, mode: 0o755 })
  const drains = new Map(
    envoys.map(({ gateway, admin, drain_notice: noticeMs }) => {
      const drain = new Drain({
        file: join(folder, `${gateway}-${portOf(admin)}-draining`),
        noticeMs,
        // It has its listeners, and with them the health path, from the plane only with all that they need.
        isSettled: () => true,
        onChange: onDrain,
        log: log.child({ gateway, admin }),
      })
      return [`${gateway}@${admin}`, { drain, running: drain.run(drainingEnvoy(admin), stop) }] as const
    }),
  )
  return {
    drain(order) {
      for (const { drain } of drains.values()) drain.want(order)
    },
    get states() {
      return Object.fromEntries([...drains].map(([name, { drain }]) => [name, drain.state]))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...drains.values()].map(({ running }) => running))
    },
  }
}
