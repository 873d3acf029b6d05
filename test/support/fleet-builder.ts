import type { Origin } from '#control-plane/fleet/belief.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { Reason } from '#shared/protocol/reason.ts'

/** A fleet that tests write to directly: every call is one journal entry, applied at once. */
export class FleetBuilder {
  readonly fleet = new Fleet()

  /** A complete fleet; empty unless told otherwise. */
  constructor({ complete = true }: { readonly complete?: boolean } = {}) {
    if (complete) this.fleet.markComplete()
  }

  /** Applies changes as one batch. */
  change(...changes: readonly Change[]): void {
    let { revision } = this.fleet
    this.fleet.apply(
      changes.map((change) => {
        revision += 1
        return { revision, event: { version: 1, at: revision, by: 'operator:test', change } }
      }),
    )
  }

  node(id: string, spec: { readonly site?: string; readonly cluster?: string; readonly address?: string } = {}): void {
    this.change(...nodeJoined(id, spec))
  }

  /** An instance that passes, on a node with an agent. */
  instance(id: string, node: string, spec: Partial<InstanceSpec> = {}): void {
    this.change(...instanceRegistered(id, node, spec), judged(id, 'passing'))
  }

  judge(id: string, health: 'passing' | 'warning' | 'critical', code: Reason['code'] = 'ok'): void {
    this.change(judged(id, health, code))
  }

  deregister(...ids: readonly string[]): void {
    this.change(...ids.map((instance) => ({ kind: 'deregistered', instance, cause: 'operator' }) as const))
  }

  freeze(): void {
    this.change({ kind: 'frozen', reason: 'test' })
  }

  thaw(): void {
    this.change({ kind: 'thawed', reason: 'test' })
  }
}

export function nodeJoined(
  id: string,
  { site = 'tencent', cluster = 'looma', address = '10.0.0.1' } = {},
): readonly Change[] {
  const node = {
    id,
    name: id,
    machine: `machine-${id}`,
    incarnation: 1,
    address,
    site,
    cluster,
    version: '1',
    gateways: [],
  }
  return [
    { kind: 'node-joined', node },
    { kind: 'node-attached', node: id, attachment: { replica: 'test', session: `session-${id}` } },
  ]
}

export function instanceRegistered(
  id: string,
  node: string,
  spec: Partial<InstanceSpec> = {},
  origin: Origin = 'agent',
): readonly Change[] {
  const whole = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [], ...spec }
  return [{ kind: 'registered', instance: id, node, origin, spec: whole }]
}

export function judged(
  instance: string,
  health: 'passing' | 'warning' | 'critical' | 'unknown',
  code: Reason['code'] = 'ok',
): Change {
  return { kind: 'judged', instance, health, reason: { code } }
}
