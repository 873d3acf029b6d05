import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import * as z from 'zod'
import { projectFolder } from '#test/support/parts.ts'
import { readFindings } from '../../setup/image/findings.ts'
import { unexplained } from '../../setup/supply-chain/policy.ts'

const folder = join(projectFolder, '.github/workflows')
const { scripts } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
const right = z.enum(['read', 'write'])
const Step = z
  .strictObject({
    name: z.string(),
    id: z.string(),
    uses: z.string(),
    run: z.string(),
    with: z.record(z.string(), z.unknown()),
    env: z.record(z.string(), z.string()),
  })
  .partial()
const Job = z.strictObject({
  'runs-on': z.literal('ubuntu-24.04'),
  needs: z.string().optional(),
  environment: z.string().optional(),
  container: z.union([z.string(), z.strictObject({ image: z.string(), options: z.string().optional() })]).optional(),
  strategy: z.record(z.string(), z.unknown()).optional(),
  'timeout-minutes': z.int().positive().max(120),
  permissions: z.partialRecord(z.enum(['contents', 'packages', 'id-token', 'attestations']), right),
  steps: z.array(Step).min(1),
})
const Workflow = z.strictObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  // Nothing, so that a job has what it says and no more.
  permissions: z.strictObject({}),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.union([z.boolean(), z.string()]) }),
  jobs: z.record(z.string(), Job),
})

const files = (await readdir(folder)).sort()
const texts = new Map<string, string>()
for (const file of files) texts.set(file, await readFile(join(folder, file), 'utf8'))

t.test('there is a workflow for tests, builds, audits and releases', async (t) => {
  t.strictSame(files, ['audit.yaml', 'build.yaml', 'release.yaml', 'test.yaml'])
})

for (const [file, text] of texts) {
  t.test(`${file} can be read, is bounded, and has few rights, each for one job`, async (t) => {
    const { jobs } = Workflow.parse(parse(text))
    for (const [name, { permissions, needs, steps }] of Object.entries(jobs)) {
      const writes = Object.values(permissions).includes('write')
      t.equal(writes, file === 'release.yaml' && name === 'publish', `${name} writes`)
      // Who may write runs nothing of the tree: what it publishes was made by a job that may write nothing.
      if (writes)
        t.notOk(steps.some(({ uses = '', run = '' }) => /checkout/.test(uses) || /\bnpm\b|\bnode\b/.test(run)))
      if (needs) t.ok(needs in jobs)
      for (const step of steps) t.equal((step.uses === undefined) !== (step.run === undefined), true, 'uses or runs')
    }
  })

  t.test(`${file} takes each action by the hash of its commit, and says which version that is`, async (t) => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
    t.ok(uses.length > 0)
    for (const line of uses) t.match(line, /uses: [\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  t.test(`${file} runs commands that are there, and puts nothing that others may write into a shell`, async (t) => {
    const { jobs } = Workflow.parse(parse(text))
    for (const { run = '', uses = '', with: given = {} } of Object.values(jobs).flatMap(({ steps }) => steps)) {
      for (const [, word = ''] of run.matchAll(/\bnpm run ([\w:-]+)/g)) t.ok(word in scripts, word)
      for (const [, only = ''] of run.matchAll(/\bnode (\S+\.(?:mjs|ts))/g)) {
        await t.resolves(readFile(join(projectFolder, only)), only)
      }
      t.notMatch(run, /\$\{\{/, 'values come by the environment')
      t.notMatch(run, /echo[^\n]*\$TOKEN|set -x/)
      if (uses.startsWith('actions/checkout@')) t.equal(given['persist-credentials'], false)
    }
  })
}

t.test('an action is the same commit wherever it is used', async (t) => {
  const all = [...texts.values()].flatMap((text) => [...text.matchAll(/uses: ([^@\s]+)@([0-9a-f]{40})/g)])
  const seen = new Map<string, string>()
  for (const [, name = '', hash = ''] of all) {
    t.equal(seen.get(name) ?? hash, hash, name)
    seen.set(name, hash)
  }
})

t.test("a scanner's findings are judged by the policy", async (t) => {
  const match = (id: string, severity: string, name: string) => ({
    vulnerability: { id, severity, description: 'x', fix: { state: 'wont-fix' } },
    artifact: { name, version: '1' },
  })
  const matches = [match('CVE-1', 'High', 'libc6'), match('CVE-1', 'High', 'libc6'), match('CVE-2', 'Medium', 'libc6')]
  const found = readFindings(JSON.stringify({ matches: [...matches, match('CVE-3', 'Critical', 'node')] }))
  t.strictSame(
    found.map(({ advisory }) => advisory),
    ['CVE-1', 'CVE-2', 'CVE-3'],
  )
  const now = Date.parse('2027-01-01')
  const findings = [{ advisory: 'CVE-1', package: 'libc6', because: 'is never reached from here', until: '2027-02-01' }]
  t.strictSame(
    unexplained(found, { findings }, now).map(({ advisory }) => advisory),
    ['CVE-3'],
  )
  t.throws(() => readFindings('{}'))
})
