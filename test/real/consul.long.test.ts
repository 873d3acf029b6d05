import t from 'tap'
import { startConsul } from '#test/support/consul.ts'

await t.test(
  'the newest Consul that we support starts, asks for tokens, and keeps its state over a crash',
  async (t) => {
    await using consul = await startConsul({ datacenter: 'zervigo-dc', version: '1.22', acl: true })
    const { Config } = await consul.request<{ Config: { Version: string } }>('GET', '/v1/agent/self')
    t.match(Config.Version, /^1\.22\./)
    const token = await consul.createToken('key_prefix "heddle/" { policy = "write" }')
    const write = (key: string) =>
      fetch(`${consul.url}/v1/kv/${key}`, { method: 'PUT', body: 'x', headers: { 'x-consul-token': token } })
    t.equal((await write('heddle/a')).status, 200)
    t.equal((await write('other')).status, 403)
    await consul.kill()
    await consul.start()
    t.equal((await consul.request<readonly unknown[]>('GET', '/v1/kv/heddle/a')).length, 1)
    t.match(await (await fetch(`${consul.url}/ui/`)).text(), /<title>Consul/)
  },
)
