import { access, readFile } from 'node:fs/promises'
import t from 'tap'
import { Chroot, whyNoChroot } from '#test/support/chroot.ts'
import { Network } from '#test/support/network.ts'

const skip = whyNoChroot()

await t.test('a machine to install on has files, processes and a network of its own', { skip }, async (t) => {
  let root = ''
  {
    await using network = await Network.open(['one', 'two'])
    await using one = await Chroot.open({ name: 'one', network: network.inside('one') })
    await using two = await Chroot.open({ name: 'two', network: network.inside('two') })
    root = one.root
    await one.must('echo mine > /etc/mine; setsid sleep 1000 > /dev/null 2>&1 < /dev/null & sleep 0.1')
    t.equal(await one.read('/etc/mine'), 'mine\n')
    t.equal((await two.run('test -e /etc/mine')).code, 1, 'what one writes the other does not have')
    t.match(await one.must('cat /proc/[0-9]*/cmdline'), /sleep.1000/)
    t.notMatch(await two.must('cat /proc/[0-9]*/cmdline'), /sleep.1000/, 'nor sees what runs there')
    t.equal((await one.must('hostname')).trim(), 'one')
    t.match(await one.must('apt-get -qq install -y libatomic1 2>&1; dpkg -s libatomic1'), /install ok installed/)
    const listening = `exec 3<> /dev/tcp/${network.addressOf('one')}/9`
    t.match((await two.run(listening)).output, /refused/, 'one is reached by two')
    t.equal((await one.run('exit 7')).code, 7)
  }
  await t.rejects(access(`${root}/etc/mine`), 'it is gone with its first process')
  t.notMatch(await readFile('/proc/mounts', 'utf8'), /heddle-chroot/, 'and so are its mounts')
})
