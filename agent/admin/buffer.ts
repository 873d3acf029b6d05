import type { LaneState } from '../buffer/lane.ts'
import type { BacklogState } from '../buffer/open-backlog.ts'
import type { Family } from './family.ts'

/** What /health says of what no plane was told yet. */
export function bufferHealth({ mostBytes, edges, samples, failure }: BacklogState) {
  return {
    state: failure === undefined ? 'on disk' : 'in memory',
    why: failure,
    most_bytes: mostBytes,
    changes: laneHealth(edges),
    measurements: laneHealth(samples),
  }
}

function laneHealth({ waiting, bytes, inMemory, lost, damagedBytes }: LaneState) {
  return { waiting, bytes, in_memory: inMemory, lost, damaged_bytes: damagedBytes }
}

/** The same for /metrics. */
export function bufferFamilies({ mostBytes, edges, samples, failure }: BacklogState): readonly Family[] {
  const of = (name: string, help: string, type: Family['type'], read: (lane: LaneState) => number): Family => ({
    name,
    help,
    type,
    samples: [
      { labels: { kind: 'changes' }, value: read(edges) },
      { labels: { kind: 'measurements' }, value: read(samples) },
    ],
  })
  const one = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  return [
    of('heddle_agent_buffer_waiting', 'What no plane has acknowledged yet.', 'gauge', ({ waiting }) => waiting),
    of('heddle_agent_buffer_bytes', 'The room that it takes.', 'gauge', ({ bytes }) => bytes),
    of('heddle_agent_buffer_in_memory', 'What of it is not on the disk.', 'gauge', ({ inMemory }) => inMemory),
    of(
      'heddle_agent_buffer_lost_total',
      'State changes folded into a count, and measurements thinned out, for want of room.',
      'counter',
      ({ lost }) => lost,
    ),
    of(
      'heddle_agent_buffer_damaged_bytes',
      'What was torn or damaged when the agent started.',
      'gauge',
      ({ damagedBytes }) => damagedBytes,
    ),
    one('heddle_agent_buffer_most_bytes', 'The room that it may take.', mostBytes),
    one('heddle_agent_buffer_on_disk', '0 while the disk takes nothing.', failure === undefined ? 1 : 0),
  ]
}
