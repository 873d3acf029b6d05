import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { noInstance } from '#control-plane/routing/answers.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { serving } from '#test/support/routing/envoy-table.ts'
import { serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

const retries = 5

await t.test(
  'with every instance dead a few requests are repeated fully, and many only within the budget',
  async (t) => {
    const [port = 0, ...dead] = await freePorts(1 + retries + 1)
    const endpoints = dead.map((each) => plainEndpoint(each))
    // Nobody is left out for failing: only the budget stands between a dead service and six times the requests.
    const table = plainTable(port, [plainRoute('/', 's', { retries })], { s: { ejection: undefined, endpoints } })
    const envoy = await serving(t, table)
    const counted = async () => {
      const stats = await envoy.stats('^cluster\\.s\\.upstream_rq_retry')
      const of = (name: string) => stats.get(`cluster.s.upstream_rq_retry${name}`) ?? 0
      return { repeated: of(''), refused: of('_overflow') }
    }

    const few = 50
    t.strictSame(await statusesOf(port, few), Array(few).fill(noInstance.status))
    t.strictSame(await counted(), { repeated: few * retries, refused: 0 }, 'up to a hundred at once need no leave')

    const many = 1_000
    t.strictSame(await statusesOf(port, many), Array(many).fill(noInstance.status))
    const { repeated, refused } = await counted()
    // A thousand without a budget would be five thousand more attempts; with it there are fewer retries than requests under way.
    t.ok(repeated - few * retries < (many * retries) / 2, `${repeated} repeated`)
    t.ok(refused > 0, `${refused} not repeated for want of budget`)
  },
)

await t.test('Nginx has no budget: who fails is left out soon, and then nobody is asked', async (t) => {
  let attempts = 0
  const failing = Array.from({ length: retries + 1 }, () =>
    createServer((socket) => {
      attempts += 1
      socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())
    }).listen(0, '127.0.0.1'),
  )
  t.teardown(() => failing.map((each) => each.close()))
  await Promise.all(failing.map((each) => once(each, 'listening')))
  const endpoints = failing.map((each) => plainEndpoint((each.address() as AddressInfo).port))
  const port = await freePort()
  const service = { ejection: { failures: 3, forMs: 60_000 }, endpoints }
  await using _nginx = await serveTable(plainTable(port, [plainRoute('/', 's', { retries })], { s: service }))
  const first = await statusesOf(port, 1)
  t.strictSame({ first, attempts }, { first: [noInstance.status], attempts: retries + 1 }, 'each instance once')
  const many = 300
  t.strictSame(await statusesOf(port, many), Array(many).fill(noInstance.status))
  const before = attempts
  t.strictSame(await statusesOf(port, many), Array(many).fill(noInstance.status))
  t.equal(attempts, before, 'all are left out')
})

/** What each of so many connections is answered when all ask at the same time. */
async function statusesOf(port: number, count: number): Promise<readonly number[]> {
  const sockets: Socket[] = []
  // One after the other: a listener's queue is shorter than this.
  while (sockets.length < count) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    sockets.push(socket)
  }
  const signal = AbortSignal.timeout(20_000)
  const answers = sockets.map(async (socket) => {
    const [head] = (await once(socket, 'data', { signal })) as [Buffer]
    socket.destroy()
    return Number(head.toString('latin1').split(' ')[1])
  })
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  return Promise.all(answers)
}
