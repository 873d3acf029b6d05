import { shippedAgent, shippedPlane } from './bundle.ts'

// `npm run build`: says where the agent and the plane are that can be shipped.

for (const { program } of [await shippedAgent(), await shippedPlane()]) process.stdout.write(`${program.at(-1)}\n`)
