import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { execPath } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { spawnProcess } from '#test/support/process.ts'
import { answerWithin } from './answer-within.ts'

t.test('an answer is passed on as it is, good or bad', async (t) => {
  t.equal(await answerWithin(Promise.resolve(7), 10_000), 7)
  await t.rejects(answerWithin(Promise.reject(new Error('no such table')), 10_000), { message: 'no such table' })
})

t.test('what does not come in time is given up', async (t) => {
  await t.rejects(answerWithin(new Promise(() => {}), 20), { message: 'Query read timeout' })
})

t.test('an answer that came while the process stood still is no late one', async (t) => {
  const server = createServer()
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const asking = `
    import { once } from 'node:events'
    import { connect } from 'node:net'
    import { answerWithin } from ${JSON.stringify(new URL('./answer-within.ts', import.meta.url).href)}
    const socket = connect(${port}, '127.0.0.1')
    await answerWithin(once(socket, 'data'), 500).then(() => console.log('answered'), (error) => console.log(error.message))
    socket.destroy()`
  const process = await spawnProcess(execPath, ['--input-type=module', '--eval', asking], { name: 'asking' })
  t.teardown(() => process.stop())
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.on('error', () => {})
  await pause(50)
  process.signal('SIGSTOP')
  socket.write('there')
  await pause(1_000)
  process.signal('SIGCONT')
  await process.exited
  t.equal(process.output.trim(), 'answered')
})
