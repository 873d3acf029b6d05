import { authorizerFamilies } from './authorizers.ts'
import { bufferFamilies } from './buffer.ts'
import type { Family } from './family.ts'
import { pageFamilies } from './pages.ts'
import type { AgentState } from './state.ts'

const healthNumbers = { passing: 0, warning: 1, critical: 2, unknown: 3 } as const

/** The agent's own metrics in Prometheus' text format. */
export function metricsText(state: AgentState): string {
  return familiesOf(state).map(familyText).join('')
}

function familiesOf(state: AgentState): readonly Family[] {
  const { instances, session } = state
  const gauge = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  const counter = (name: string, help: string, value: number): Family => ({
    ...gauge(name, help, value),
    type: 'counter',
  })
  return [
    {
      name: 'heddle_agent_info',
      help: 'Who this agent is.',
      type: 'gauge',
      samples: [{ labels: { node: state.identity.node, name: state.name, version: state.version }, value: 1 }],
    },
    {
      name: 'heddle_agent_instance_health',
      help: '0 passing, 1 warning, 2 critical, 3 unknown.',
      type: 'gauge',
      samples: instances.map(({ spec, verdict }) => ({
        labels: { instance: spec.id, service: spec.service },
        value: healthNumbers[verdict.health],
      })),
    },
    {
      name: 'heddle_agent_instance_held',
      help: '1 while an instance is held for flapping.',
      type: 'gauge',
      samples: instances.map(({ spec, held }) => ({
        labels: { instance: spec.id, service: spec.service },
        value: held ? 1 : 0,
      })),
    },
    {
      name: 'heddle_agent_probes_total',
      help: 'Probes run, by instance.',
      type: 'counter',
      samples: instances.map(({ spec, checks }) => ({
        labels: { instance: spec.id, service: spec.service },
        value: checks.reduce((sum, { probes }) => sum + probes, 0),
      })),
    },
    {
      name: 'heddle_agent_check_late_max_seconds',
      help: 'How late a check began at worst after it was due, in the last minute.',
      type: 'gauge',
      samples: instances.map(({ spec, checks }) => ({
        labels: { instance: spec.id, service: spec.service },
        value: Math.max(0, ...checks.map(({ lateMs }) => lateMs)) / 1000,
      })),
    },
    gauge('heddle_agent_session_up', '1 while a plane hears this agent.', session.state === 'connected' ? 1 : 0),
    counter('heddle_agent_sessions_total', 'Sessions begun.', session.sessions),
    gauge('heddle_agent_reports_unacknowledged', 'Reports on their way.', state.unacknowledged),
    ...bufferFamilies(state.buffer),
    ...pageFamilies(state.pages),
    ...authorizerFamilies(state.authorizers),
    gauge('heddle_agent_wires', 'Trip wires held open.', state.wires),
    gauge(
      'heddle_agent_loop_lag_seconds',
      'The worst lateness of its own timers since the last beat.',
      state.lagMs / 1000,
    ),
    gauge('process_resident_memory_bytes', 'Resident memory.', state.rssBytes),
  ]
}

function familyText({ name, help, type, samples }: Family): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}
