import t from 'tap'
import { connectionsProblem, connectionsWithin, mostConnections } from './most-connections.ts'

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

t.test('a plane that may have fewer connections than its fleet takes says how many it needs', async (t) => {
  t.equal(connectionsProblem(768, 500), undefined)
  t.match(connectionsProblem(768, 1_000), /768 connections.*1000 nodes.*to 1768 at least/)
  t.equal(connectionsProblem(connectionsWithin(1_768), 1_000), undefined, 'and that is enough')
  t.equal(connectionsProblem(connectionsWithin(20_000), 10_000), undefined)
})

t.test('this process has a limit of its own', async (t) => {
  t.ok((await mostConnections()) > 0)
})
