import t from 'tap'
import { Gate } from './gate.ts'

t.test('no more are inside than may be, and all come in, in their order', async (t) => {
  const gate = new Gate(3)
  const order: number[] = []
  let inside = 0
  let most = 0
  const visits = Array.from({ length: 20 }, async (_, number) => {
    await gate.enter()
    order.push(number)
    inside += 1
    most = Math.max(most, inside)
    await new Promise(setImmediate)
    inside -= 1
    gate.leave()
  })
  t.equal(gate.waiting, 17)
  await Promise.all(visits)
  t.strictSame([most, gate.waiting], [3, 0])
  t.strictSame(
    order,
    [...order].sort((a, b) => a - b),
  )
})

t.test('a closed gate keeps nobody waiting', async (t) => {
  const gate = new Gate(1)
  await gate.enter()
  const waiting = [gate.enter(), gate.enter()]
  gate.close()
  await Promise.all([...waiting, gate.enter()])
  t.equal(gate.waiting, 0)
})
