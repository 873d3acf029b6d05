import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readOrPutAside, writeJson } from '#shared/files/keep-json.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import type { DrainState, LevelName } from '#shared/protocol/orders.ts'
import type { UpgradeDoing } from '#shared/protocol/upgrade.ts'
import type { OrdersConfig } from './config.ts'
import { emptyKept, Kept } from './kept.ts'
import { emptyLedger, Ledger } from './ledger.ts'
import { Orders } from './orders.ts'
import { Restarts } from './restarts.ts'
import { type RestartUnit, runRestart } from './run-restart.ts'

export type OpenOrders = {
  readonly stateDir: string
  readonly ownLevel: () => LevelName
  readonly allowed: () => OrdersConfig
  readonly probesRefused: () => Readonly<Record<string, number>>
  readonly drains?: () => Readonly<Record<string, DrainState>>
  readonly upgrade?: () => UpgradeDoing
  readonly onSettings: () => void
  /** Has somebody with more rights restart a unit. */
  readonly restartUnit?: RestartUnit
  readonly send: (message: AgentMessage) => boolean
  readonly stop: AbortSignal
  readonly log: Logger
}

/** The orders of the plane, as this agent kept them. Disposing ends what runs and waits for the disk. */
export async function openOrders(open: OpenOrders): Promise<Orders & AsyncDisposable> {
  const { stateDir, allowed, send, stop, log, restartUnit, ...rest } = open
  const keptFile = join(stateDir, 'desired.json')
  const ledgerFile = join(stateDir, 'restarts.json')
  const kept = await readOrPutAside(
    keptFile,
    Kept,
    log,
    'the orders that were kept cannot be read; the plane hands them down anew',
  )
  const ledger = await readOrPutAside(
    ledgerFile,
    Ledger,
    log,
    'the list of what was run cannot be read; what is ordered first is not run',
  )
  const keepIn = async (file: string, value: unknown) => {
    await mkdir(stateDir, { recursive: true, mode: 0o755 })
    await writeJson(file, value)
  }
  const restarts = new Restarts({
    ledger: ledger.kind === 'read' ? ledger.value : emptyLedger,
    lost: ledger.kind === 'unreadable' || ledger.kind === 'damaged',
    keep: (next) => keepIn(ledgerFile, next),
    allowed,
    run: (what, systemctl, ending) => runRestart(what, systemctl, ending, restartUnit),
    send,
    onChange: () => orders.changed(),
    stop,
    log,
  })
  const orders = new Orders({
    ...rest,
    allowed,
    send,
    log,
    restarts,
    kept: kept.kind === 'read' ? kept.value : emptyKept,
    keep: (next) => keepIn(keptFile, next),
  })
  return Object.assign(orders, {
    async [Symbol.asyncDispose]() {
      await restarts[Symbol.asyncDispose]()
      orders[Symbol.dispose]()
      await orders.idle()
    },
  })
}
