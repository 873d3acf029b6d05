import t from 'tap'
import * as z from 'zod/mini'
import { splitView } from '#test/support/views.ts'
import { FederationConfig } from '../federation/config.ts'
import { Federation } from '../federation/federation.ts'
import { Fleet } from '../fleet/fleet.ts'
import { createMetrics } from './metrics.ts'

t.test('the metrics say what the fleet is and what each sink has proven', async (t) => {
  const fleet = new Fleet()
  fleet.apply([
    {
      revision: 7,
      event: {
        version: 1,
        at: 1,
        by: 'agent:n',
        change: {
          kind: 'registered',
          instance: 'a',
          spec: { id: 'a', service: 's', address: '127.0.0.1', port: 1, tags: [], metadata: {}, checks: [] },
          node: 'n',
          origin: 'agent',
        },
      },
    },
  ])
  const federation = new Federation(z.parse(FederationConfig, {}), fleet)
  federation.restore(
    {
      measures: [],
      answering: [{ rule: 'other', cluster: 'looma', since: 0 }],
      alive: [{ cluster: 'looma', alive: true, since: 0 }],
    },
    0,
  )
  const metrics = createMetrics(
    fleet,
    () => [
      {
        status: () => ({
          name: 'consul:dc1',
          kind: 'consul',
          mode: 'apply',
          state: 'following',
          proven: { revision: 6, at: 1_000 },
          remarks: [],
          figures: { writes: 3 },
        }),
        explain: () => ({ sink: 'consul:dc1', state: 'unknown', remark: '' }),
      },
    ],
    () => 3_500,
    () => federation.view(),
    () => ({}),
    () => [splitView({ phase: 'aborted', users_percent: 0 }), splitView({ service: 'erp', users_percent: 12.5 })],
  )
  t.teardown(() => metrics[Symbol.dispose]())
  metrics.proven('consul:dc1', 'fleet', 30)
  const text = await metrics.text()
  for (const line of [
    'heddle_revision 7',
    'heddle_convergence_seconds_bucket{le="0.05",sink="consul:dc1",of="fleet"} 1',
    'heddle_complete 0',
    'heddle_instances{health="unknown"} 1',
    'heddle_nodes{contact="lost"} 0',
    'heddle_sink_proven_revision{sink="consul:dc1"} 6',
    'heddle_sink_proven_age_seconds{sink="consul:dc1"} 2.5',
    'heddle_sink_figure{sink="consul:dc1",figure="writes"} 3',
    'heddle_cluster_alive{cluster="looma"} 1',
    'heddle_cluster_load_ratio{cluster="looma"} 1',
    'heddle_federation_answers{rule="other",cluster="looma"} 1',
    'heddle_split_canary_share{service="crm"} 0',
    'heddle_split_canary_share{service="erp"} 0.125',
    'heddle_split_state{service="crm",state="aborted"} 1',
    'heddle_split_state{service="crm",state="running"} 0',
    'heddle_split_requests{service="erp",side="canary"} 120',
    'heddle_split_errors{service="erp",side="canary"} 3',
  ]) {
    t.ok(text.split('\n').includes(line), line)
  }
  t.notMatch(text, 'side="baseline"', 'nobody counts it')
})
