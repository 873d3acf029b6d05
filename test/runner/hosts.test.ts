import t from 'tap'
import { hostsIn, mentions } from './hosts.ts'

await t.test('hosts are taken from addresses, each once, the machine itself left out', async (t) => {
  const text = `https://packages.example/npm/\nhttp://user:word@mirror:81/x,direct
'http://Debian.Example/debian/dists' http://127.0.0.1:4873 http://localhost/ https://packages.example/pip`
  t.strictSame(hostsIn(text), ['packages.example', 'mirror', 'debian.example'])
})

for (const { text, host, named } of [
  { text: 'see https://packages.example/x', host: 'packages.example', named: true },
  { text: 'packages.example:443', host: 'packages.example', named: true },
  { text: 'PACKAGES.EXAMPLE.', host: 'packages.example', named: true },
  { text: 'other-packages.example', host: 'packages.example', named: false },
  { text: 'packages.examples', host: 'packages.example', named: false },
  { text: 'packagesXexample', host: 'packages.example', named: false },
  { text: 'the mirror writes', host: 'mirror', named: false },
  { text: 'http://mirror:8080/debian', host: 'mirror', named: true },
  { text: 'http://mirror.example/', host: 'mirror', named: false },
]) {
  await t.test(`"${text}" ${named ? 'names' : 'does not name'} ${host}`, async (t) =>
    t.equal(mentions(text, host), named),
  )
}
