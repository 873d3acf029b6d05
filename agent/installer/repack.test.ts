import t from 'tap'
import { controlOf } from './repack.ts'
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

for (const [debian, release] of [
  ['1.4.0', '1.4.0'],
  ['1.4.0-1', '1.4.0'],
  ['1.4.0~rc.1', '1.4.0-rc.1'],
  ['1:1.4.0~rc.1-2', '1.4.0-rc.1'],
] as const) {
  t.test(`a package ${debian} is of the release ${release}`, async (t) => t.equal(releaseVersion(debian), release))
}
