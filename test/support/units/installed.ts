import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Shipped, shippedAgent, shippedHelper, shippedPlane } from '../../../setup/bundle.ts'

/** What the packages put on a host, by where it lies there. */
export type Installed = Readonly<Record<string, string>>

/** Makes what is shipped, and where it lies once it is installed. @param folder for the short scripts of /usr/bin */
export async function installedPrograms(
  folder: string,
): Promise<{ readonly agent: Installed; readonly plane: Installed }> {
  const dist = join(folder, 'dist')
  const [agent, helper, plane] = [await shippedAgent(dist), await shippedHelper(dist), await shippedPlane(dist)]
  const node = await realpath(process.execPath)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  return {
    agent: {
      '/usr/lib/heddle-agent/bin/node': node,
      '/usr/lib/heddle-agent/agent': folderOf(agent),
      '/usr/lib/heddle-agent/helper': folderOf(helper),
      '/usr/lib/heddle-agent/package.json': join(folderOf(agent), '../package.json'),
      '/usr/bin/heddle-agent': await script(folder, 'heddle-agent', 'agent', agent),
    },
    plane: {
      '/usr/lib/heddle-plane/bin/node': node,
      '/usr/lib/heddle-plane/plane': folderOf(plane),
      '/usr/lib/heddle-plane/package.json': join(folderOf(plane), '../package.json'),
      '/usr/bin/heddle-plane': await script(folder, 'heddle-plane', 'plane', plane),
    },
  }
}

const folderOf = ({ program }: Shipped) => dirname(program.at(-1) ?? '')

async function script(folder: string, name: string, part: string, { program, env }: Shipped): Promise<string> {
  const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  const options = program.slice(0, -1)
  const line = [
    'exec env',
    ...settings,
    `/usr/lib/${name}/bin/node`,
    ...options,
    `/usr/lib/${name}/${part}/${name}.mjs`,
  ]
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${line.join(' ')} "$@"\n`, { mode: 0o755 })
  return path
}
