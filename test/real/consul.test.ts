import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { portOwner } from '#test/support/port-owner.ts'

await t.test('a Consul keeps its state over a stop and a crash, and leaves nothing running', async (t) => {
  const ports: number[] = []
  {
    await using consul = await startConsul({ datacenter: 'zervigo-dc' })
    ports.push(consul.port, consul.dnsPort)
    t.equal((await portOwner(consul.port))?.pid, consul.pid)
    await consul.request('PUT', '/v1/kv/note', 'kept')
    await consul.stop()
    t.equal(await portOwner(consul.port), undefined)
    await consul.start()
    t.equal((await consul.request<readonly unknown[]>('GET', '/v1/kv/note')).length, 1)
    await consul.kill()
    await consul.start()
    t.equal((await consul.request<readonly unknown[]>('GET', '/v1/kv/note')).length, 1)
    const ui = await fetch(`${consul.url}/ui/`)
    t.match(await ui.text(), /<title>Consul/)
  }
  for (const port of ports) t.equal(await portOwner(port), undefined)
})

await t.test('with ACLs a Consul refuses strangers and lets a token do what its rules say', async (t) => {
  await using consul = await startConsul({ datacenter: 'looma-dc', acl: true })
  const write = (token: string, key: string) =>
    fetch(`${consul.url}/v1/kv/${key}`, { method: 'PUT', body: 'x', headers: { 'x-consul-token': token } })
  const token = await consul.createToken('key_prefix "heddle/" { policy = "write" }')
  t.equal((await write('', 'heddle/a')).status, 403)
  t.equal((await write(token, 'heddle/a')).status, 200)
  t.equal((await write(token, 'other')).status, 403)
})
