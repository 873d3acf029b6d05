import type { EventView, InstanceView, NodeView, ServiceView } from '#shared/protocol/api.ts'
import type { SplitView } from '#shared/protocol/split-api.ts'
import type { SinkView, StatusView } from '#shared/protocol/status-api.ts'

/** What the API answers, with every field at something plain: tests name only what they are about. */

export const viewTime = '2026-03-01T10:00:00.000Z'

export function sinkView(over: Partial<SinkView> = {}): SinkView {
  return {
    name: 'consul:zervigo-dc',
    kind: 'consul',
    mode: 'apply',
    state: 'following',
    proven: { revision: 812, at: viewTime },
    remarks: [],
    figures: {},
    ...over,
  }
}

export function statusView(over: Partial<StatusView> = {}): StatusView {
  return {
    owner: 'main',
    installation: 'i-1',
    version: '0.1.0',
    started_at: viewTime,
    complete: true,
    revision: 812,
    frozen: null,
    holds: [],
    nodes: { total: 0, connected: 0, suspect: 0, lost: 0, none: 0 },
    instances: {
      total: 0,
      routable: 0,
      last: 0,
      not_routable: 0,
      passing: 0,
      warning: 0,
      critical: 0,
      unknown: 0,
    },
    sinks: [],
    problems: [],
    ...over,
  }
}

/** A split in its second step. Nobody counts the baseline. */
export function splitView(over: Partial<SplitView> = {}): SplitView {
  return {
    ...{
      service: 'crm',
      baseline: 'crm',
      canary: 'crm-next',
      source: 'routes.yaml:4',
      by: 'address',
      phase: 'running',
    },
    ...{ steps: ['cohort', '10%', '100%'], step: 1, users_percent: 10, cohort: false, since: viewTime, serial: 3 },
    waiting_for: [],
    measured: { canary: { requests: 120, errors: 3, p95_ms: null }, baseline: null },
    ...over,
  }
}

export function serviceView(over: Partial<ServiceView> = {}): ServiceView {
  return {
    name: 'crm',
    clusters: ['zervigo'],
    instances: 2,
    routable: 2,
    passing: 2,
    warning: 0,
    critical: 0,
    unknown: 0,
    ...over,
  }
}

export function nodeView(over: Partial<NodeView> = {}): NodeView {
  return {
    id: 'n-aaaaaaaaaaaa',
    name: 'web-1',
    site: 'tencent',
    cluster: 'zervigo',
    address: '10.0.0.1',
    version: '0.1.0',
    contact: 'connected',
    contact_since: viewTime,
    dead: false,
    instances: ['crm-00000001'],
    gateways: [],
    ...over,
  }
}

export function instanceView(over: Partial<InstanceView> = {}): InstanceView {
  return {
    id: 'crm-00000001',
    service: 'crm',
    name: '',
    node: 'n-aaaaaaaaaaaa',
    node_name: 'web-1',
    cluster: 'zervigo',
    address: '10.0.0.1',
    port: 8080,
    origin: 'agent',
    contact: 'connected',
    health: 'passing',
    health_since: viewTime,
    admission: { state: 'active', reason: '', by: '', since: viewTime, expires_at: null },
    routable: 'yes',
    reason: { code: 'ok' },
    status: 'active',
    revision: 5,
    registered_at: viewTime,
    ...over,
  }
}

export function eventView(over: Partial<EventView> = {}): EventView {
  return {
    revision: 812,
    at: viewTime,
    by: 'agent:n-aaaaaaaaaaaa',
    kind: 'judged',
    subject: 'crm-00000001',
    change: { kind: 'judged', instance: 'crm-00000001', health: 'critical', reason: { code: 'refused' } },
    ...over,
  }
}
