import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepAddress } from './keep-address.ts'

const noWay = ['http://no-such-host.invalid:8888']

t.test('the address by which a plane was reached is kept for a start without a way to any', async (t) => {
  await using folder = await temporaryFolder('address')
  t.equal(await keepAddress(folder.path, undefined, ['http://127.0.0.1:8888']), '127.0.0.1')
  t.equal(await readFile(join(folder.path, 'address'), 'utf8'), '127.0.0.1\n')
  t.equal(await keepAddress(folder.path, undefined, noWay), '127.0.0.1')
})

t.test('an address that the machine no longer has is not kept, nor one that was only guessed', async (t) => {
  await using folder = await temporaryFolder('address')
  const guessed = await keepAddress(folder.path, undefined, noWay)
  await t.rejects(readFile(join(folder.path, 'address')))
  await writeFile(join(folder.path, 'address'), '203.0.113.9\n')
  t.equal(await keepAddress(folder.path, undefined, noWay), guessed)
})

t.test('what is configured is taken, and where nothing can be kept it is found out', async (t) => {
  t.equal(await keepAddress('/nowhere', '10.9.9.9', noWay), '10.9.9.9')
  t.equal(await keepAddress('/nowhere', undefined, ['http://127.0.0.1:8888']), '127.0.0.1')
})
