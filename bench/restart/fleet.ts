import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'

/** A fleet of agents that speak the real protocol, in this process. */
export type SimulatedFleet = { readonly nodes: number; readonly perNode: number; readonly services: number }

/** The reports of one node. Addresses differ, so that no two instances share one. */
function instancesOf(node: number, { perNode, services }: SimulatedFleet) {
  const address = `10.${Math.floor(node / 250)}.${node % 250}.1`
  return Array.from({ length: perNode }, (_, index) => {
    const service = `service-${String((node * perNode + index) % services).padStart(3, '0')}`
    const id = `${service}-${node.toString(16).padStart(4, '0')}${index.toString(16).padStart(4, '0')}`
    return passing(specOf({ id, service, address, port: 10_000 + index }))
  })
}

/** Attaches every node and has it say everything. The plane has it on disk when this resolves. */
export async function attachFleet(url: string, fleet: SimulatedFleet, incarnation: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  for (let node = 0; node < fleet.nodes; node += 1) {
    const address = `10.${Math.floor(node / 250)}.${node % 250}.1`
    const agent = stack.use(await AgentClient.attached(url, helloOf({ node: nodeId(node), address, incarnation })))
    agent.serve(5_000)
    await agent.reported(instancesOf(node, fleet), { whole: true })
  }
  const all = stack.move()
  return { [Symbol.asyncDispose]: () => all.disposeAsync() }
}
