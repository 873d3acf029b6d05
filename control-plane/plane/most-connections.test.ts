import t from 'tap'
import { connectionsWithin, mostConnections } from './most-connections.ts'

for (const { files, connections } of [
  { files: 1_024, connections: 768 },
  { files: 4_096, connections: 3_584 },
  { files: 20_000, connections: 19_488 },
  { files: 1_048_576, connections: 100_000 },
  { files: Number.POSITIVE_INFINITY, connections: 100_000 },
]) {
  t.test(`of ${files} open files, ${connections} may be callers' connections`, async (t) => {
    t.equal(connectionsWithin(files), connections)
  })
}

t.test('this process has a limit of its own', async (t) => {
  t.ok((await mostConnections()) > 0)
})
