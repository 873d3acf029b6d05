import t from 'tap'
import { readAgentConfig, risksToSay } from './config.ts'

const read = (text: string, environment: Record<string, string> = {}) => {
  const { config, problems } = readAgentConfig(text, 'agent.yaml', environment)
  return config ?? problems.map(({ file, line, path, message }) => `${file}:${line} ${path}: ${message}`)
}

for (const { what, text, says } of [
  {
    what: 'a plane in plain HTTP',
    text: 'planes: ["http://10.0.0.3:8888"]',
    says: /agent\.yaml:2 planes\[0\]: .*"plain-plane"/,
  },
  { what: 'no plane', text: '', says: /planes: .*"plane-not-named"/ },
  {
    what: 'a page for everybody',
    text: 'planes: ["https://a:8888"]\nadmin: {address: 0.0.0.0}',
    says: /agent\.yaml:3 admin\.address: .*"open-admin"/,
  },
]) {
  t.test(`production refuses ${what}, and takes it where it is accepted`, async (t) => {
    t.match(read(`mode: production\n${text}`), [says])
    const risks = 'accept_risks: [plain-plane, plane-not-named, open-admin]'
    t.notOk(Array.isArray(read(`mode: production\n${risks}\n${text}`)))
    t.notOk(Array.isArray(read(`mode: staging\n${text}`)))
    t.notOk(Array.isArray(read(`mode: local\n${text}`)))
  })
}

t.test('a plane on the same machine, and a page that is off, are no risks', async (t) => {
  const config = read(
    'mode: production\nplanes: ["http://127.0.0.1:8888", "http://[::1]:8888"]\nadmin: {address: 0.0.0.0, enabled: false}',
  )
  if (Array.isArray(config)) throw new Error(config.join())
  t.match(config, { discovery: { default: 'ask' }, logging: { format: 'json' } })
  t.strictSame(risksToSay(config as Exclude<typeof config, readonly string[]>), [])
})

t.test('a small agent measures the basic things and keeps little', async (t) => {
  t.match(read('size: small\nstate_dir: /x\nbuffer: {most_mib: 64}'), {
    metrics: { detail: 'basic' },
    buffer: { most_mib: 64 },
    logging: { file: { path: '/x/logs/heddle-agent.log', most_megabytes: 40 } },
  })
  t.match(read('mode: local'), { logging: { format: 'text' }, metrics: { detail: 'full' } })
})
