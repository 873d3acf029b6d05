import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '#test/support/parts.ts'
import { licencesOf, packagesWithScripts, shippedPackages } from '../setup/supply-chain/bill.ts'
import { makeBill, readAudit, readLock } from '../setup/supply-chain/npm.ts'
import { isAllowedLicence, readPolicy, unexplained, wrongFindings } from '../setup/supply-chain/policy.ts'

t.setTimeout(120_000)
const policy = await readPolicy()
const lock = await readLock()
const packageFile = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))

t.test('the bill of materials names every package that is shipped, each under a licence that lets it be', async (t) => {
  const bill = await makeBill()
  t.strictSame(
    bill.components.map(({ name, version }) => `${name}@${version}`).sort(),
    [...shippedPackages(lock)].sort(),
  )
  for (const name of Object.keys(packageFile.dependencies)) {
    t.ok(
      bill.components.some(
        (component) => component.name === name && component.version === packageFile.dependencies[name],
      ),
      name,
    )
  }
  for (const name of Object.keys(packageFile.devDependencies)) {
    t.notOk(
      bill.components.some((component) => component.name === name && name !== '@types/node'),
      `${name} is not shipped`,
    )
  }
  for (const component of bill.components) {
    const licences = licencesOf(component)
    const allowed = licences.length > 0 && licences.every((each) => isAllowedLicence(each, policy.licences))
    t.ok(allowed, `${component.name}: ${licences.join(', ') || 'no licence'}`)
  }
  t.equal(bill.metadata.component.name, 'heddle')
  const refs = new Set([bill.metadata.component['bom-ref'], ...bill.components.map((each) => each['bom-ref'])])
  t.strictSame(
    bill.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref)),
    [],
  )
})

t.test('no script of a package is run that is not allowed by name, and for a reason', async (t) => {
  t.strictSame(packagesWithScripts(lock), Object.keys(policy.scripts).sort())
  const allowed = packageFile.allowScripts as Readonly<Record<string, boolean>>
  for (const [name, { runs }] of Object.entries(policy.scripts)) t.equal(allowed[name] ?? false, runs, name)
  for (const name of Object.keys(allowed)) t.ok(name in policy.scripts, name)
})

t.test('every version is exact, and every package has its hash', async (t) => {
  for (const all of [packageFile.dependencies, packageFile.devDependencies]) {
    for (const [name, version] of Object.entries<string>(all)) t.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  }
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path !== '') t.match(entry.integrity, /^sha512-/, path)
  }
})

t.test('no explanation of a weakness is over', async (t) => t.strictSame(wrongFindings(policy, Date.now()), []))

const now = Date.parse('2027-01-01')
const finding = { advisory: 'GHSA-aaaa', package: 'a', because: 'is never reached from here', until: '2027-02-01' }
for (const [what, until, wrong] of [
  ['that holds', '2027-02-01', 0],
  ['that is over', '2026-12-31', 1],
  ['that would hold for ever', '2099-01-01', 1],
] as const) {
  t.test(`an explanation ${what} is ${wrong ? 'wrong' : 'right'}`, async (t) => {
    t.equal(wrongFindings({ findings: [{ ...finding, until }] }, now).length, wrong)
  })
}

t.test('a weakness above medium has to be explained, by its name and for now', async (t) => {
  const found = (severity: string, more: object = {}) => [
    { advisory: 'GHSA-aaaa', package: 'a', severity, title: 'x', ...more },
  ]
  const findings = [finding]
  t.equal(unexplained(found('critical'), { findings: [] }, now).length, 1)
  t.equal(unexplained(found('high'), { findings: [] }, now).length, 1)
  t.equal(unexplained(found('moderate'), { findings: [] }, now).length, 0)
  t.equal(unexplained(found('high'), { findings }, now).length, 0)
  t.equal(unexplained(found('high', { package: 'b' }), { findings }, now).length, 1)
  t.equal(unexplained(found('high', { advisory: 'GHSA-bbbb' }), { findings }, now).length, 1)
  t.equal(unexplained(found('high'), { findings }, Date.parse('2027-02-02')).length, 1)
})

t.test('what npm says of its audit is read, and that nobody could be asked is no clean bill', async (t) => {
  const via = [{ url: 'https://example.com/advisories/GHSA-aaaa', name: 'a', severity: 'high', title: 'x' }, 'other']
  t.strictSame(readAudit(JSON.stringify({ vulnerabilities: { a: { via }, b: { via: ['a'] }, c: { via } } })), {
    found: [{ advisory: 'GHSA-aaaa', package: 'a', severity: 'high', title: 'x' }],
  })
  t.strictSame(readAudit('{"vulnerabilities":{}}'), { found: [] })
  t.match(readAudit('{"message":"405 Method Not Allowed"}'), { unknown: /405/ })
  t.match(readAudit('npm broke'), { unknown: /npm broke/ })
  t.match(readAudit('{"other":1}'), { unknown: /otherwise/ })
})

for (const [expression, allowed] of [
  ['MIT', true],
  ['(MIT OR CC0-1.0)', true],
  ['(BSD-3-Clause OR GPL-2.0)', true],
  ['GPL-3.0', false],
  ['MIT AND GPL-3.0', false],
  ['MIT AND ISC', true],
  ['(MIT AND (GPL-3.0 OR X))', false],
  ['', false],
  ['UNLICENSED', false],
] as const) {
  t.test(
    `the licence ${expression || 'of nothing'} ${allowed ? 'lets' : 'does not let'} a package be shipped`,
    async (t) => {
      t.equal(isAllowedLicence(expression, policy.licences), allowed)
    },
  )
}
