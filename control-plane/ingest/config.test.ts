import t from 'tap'
import { readConfig } from '#shared/config/read.ts'
import { IngestConfig } from './config.ts'

t.test('without a word the settings are those of the documentation', async (t) => {
  const { config } = readConfig(IngestConfig, '', 'plane.yaml')
  t.match(config, {
    agents: {
      suspect_after: 2_000,
      missed_beats: 2,
      grace: 60_000,
      attach_grace: 15_000,
      reaped_after: 86_400_000,
      hold: { window: 10_000, share: 0.15, at_most: 600_000 },
      vantages: { survey_every: 300_000, valid_for: 600_000, ask_every: 10_000, agents: 2 },
    },
    clients: { heartbeat_lifetime: 300_000, judged_every: 30_000, swept_every: 300_000, service_name: 'looma-crm' },
  })
})

t.test('what is wrong is told with its place', async (t) => {
  const { problems } = readConfig(IngestConfig, 'agents:\n  grace: 60\n  hold: {share: 2}\nclient: {}\n', 'plane.yaml')
  t.match(problems, [{ line: 2, path: 'agents.grace' }, { line: 3, path: 'agents.hold.share' }, { path: 'client' }])
})
