import { shippedAgent } from './bundle.ts'

// `npm run build`: says where the agent is that can be shipped.

const { program } = await shippedAgent()
process.stdout.write(`${program.at(-1)}\n`)
