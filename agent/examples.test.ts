import { readFile } from 'node:fs/promises'
import t from 'tap'
import { AgentConfig, readAgentConfig } from './config.ts'

const file = new URL('../docs/examples/agent.yaml', import.meta.url)

t.test('the example is a valid configuration that shows every setting', async (t) => {
  const text = await readFile(file, 'utf8')
  const { config, problems } = readAgentConfig(text, 'agent.yaml', {})
  t.strictSame(problems, [])
  for (const key of Object.keys(AgentConfig.shape)) t.match(text, new RegExp(`^(# )?${key}:`, 'm'), key)
  t.match(config?.services, [
    { name: 'user-service' },
    { instance: 'copy-1', metadata: { team: 'platform' } },
    { name: 'redis' },
  ])
})
