import t from 'tap'
import { configurationOf, controlOf } from './repack.ts'
import { releaseVersion } from './run-dpkg.ts'

t.test('what dpkg says of a package becomes its control file again', async (t) => {
  const status = `Package: heddle-agent
Status: install ok installed
Maintainer: Heddle <heddle@example.org>
Version: 1.0.0
Conffiles:
 /etc/heddle/agent.yaml 0123
 /etc/heddle/upgrade.yaml 4567
Description: agent
 of a host
`
  t.equal(
    controlOf(status),
    'Package: heddle-agent\nMaintainer: Heddle <heddle@example.org>\nVersion: 1.0.0\nDescription: agent\n of a host',
  )
})

t.test('configuration is what dpkg says that it is, of this version or an earlier one', async (t) => {
  const sum = '0123456789abcdef'.repeat(2)
  const status = `Conffiles:\n /etc/heddle/a ${sum}\n /etc/heddle/b c ${sum} obsolete\n /etc/heddle/d newconffile\nDescription: x\n /usr ${sum}\n`
  t.strictSame([...configurationOf(status)], ['/etc/heddle/a', '/etc/heddle/b c', '/etc/heddle/d'])
  t.equal(configurationOf('Package: x\nDescription: y\n').size, 0)
})

for (const [debian, release] of [
  ['1.4.0', '1.4.0'],
  ['1.4.0-1', '1.4.0'],
  ['1.4.0~rc.1', '1.4.0-rc.1'],
  ['1.4.0~rc~2.1', '1.4.0-rc-2.1'],
  ['1:1.4.0~rc.1-2', '1.4.0-rc.1'],
] as const) {
  t.test(`a package ${debian} is of the release ${release}`, async (t) => t.equal(releaseVersion(debian), release))
}
