import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { judgedLookup, NotReachable, type Resolve } from './judged-lookup.ts'
import { probe } from './probe.ts'
import { kindOfAddress } from './target.ts'

const target = { address: 'app.example', port: 80 }
const away = (address: string) => kindOfAddress(address) === undefined

/** A resolver that answers another address each time. */
function changing(...answers: readonly (readonly string[])[]): Resolve {
  let turn = 0
  return (_host, _options, done) => {
    const addresses = answers[turn++ % answers.length] ?? []
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
}

async function looked(resolve: Resolve, all = true): Promise<unknown> {
  const lookup = judgedLookup(target, away, resolve)
  return new Promise((done) => lookup?.('app.example', { all }, (error, addresses) => done(error ?? addresses)))
}

t.test('a name leads to what it was resolved to', async (t) => {
  t.strictSame(await looked(changing(['10.0.0.1'])), [{ address: '10.0.0.1', family: 4 }])
  t.equal(await looked(changing(['10.0.0.1']), false), '10.0.0.1')
})

t.test('a name with one address out of reach is not followed', async (t) => {
  t.ok((await looked(changing(['10.0.0.1', '169.254.169.254']))) instanceof NotReachable)
  t.ok((await looked(changing(['::ffff:127.0.0.1']))) instanceof NotReachable)
  t.ok((await looked(changing([]))) instanceof NotReachable)
})

t.test(
  'a name that resolves differently is resolved once for each connection: what was judged is what is connected to',
  async (t) => {
    const resolve = changing(['10.0.0.1'], ['127.0.0.1'])
    t.strictSame(await looked(resolve), [{ address: '10.0.0.1', family: 4 }])
    t.ok((await looked(resolve)) instanceof NotReachable)
  },
)

t.test(
  'an address out of reach is not connected to, nor is what the resolver reads as one, nor a name for it',
  async (t) => {
    let connections = 0
    const server = createServer(() => {
      connections += 1
    }).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const common = { kind: 'tcp', port, timeoutMs: 10_000 } as const
    for (const address of [
      '127.0.0.1',
      '::ffff:127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
    ]) {
      const { verdict } = await probe({ ...common, address }, { mayReach: away })
      // A resolver may read some of them as nothing at all.
      t.not(verdict.health, 'passing', address)
    }
    const { verdict } = await probe({ ...common, address: '127.0.0.1' }, { mayReach: away })
    t.match(verdict, { health: 'unknown', reason: { code: 'unreachable' } })
    t.equal(connections, 0)
    const allowed = await probe({ ...common, address: 'localhost' }, { mayReach: () => true })
    t.equal(allowed.verdict.health, 'passing')
  },
)
