import { shippedAgent, shippedCli, shippedHelper, shippedInstaller, shippedPlane } from './bundle.ts'

// `npm run build`: says where the agent, its helper and installer, the plane and the command line are that can be shipped.

for (const make of [shippedAgent, shippedHelper, shippedInstaller, shippedPlane, shippedCli]) {
  const { program } = await make()
  process.stdout.write(`${program.at(-1)}\n`)
}
