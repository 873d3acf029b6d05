import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { whyNoNetwork } from './network.ts'
import { missingParts, projectFolder } from './parts.ts'
import { spawnProcess } from './process.ts'

/** Why no guide can be played here; false: it can. */
export async function noGuide(): Promise<string | false> {
  const missing = missingParts(['envoy', 'nginx'])
  return missing.length > 0 ? `there is no ${missing.join(', no ')}` : ((await whyNoNetwork()) ?? false)
}

/** A folder with what is in a checkout, so that what a guide makes is not left in ours. */
export async function checkout(): Promise<Folder> {
  const folder = await temporaryFolder('guide')
  for (const name of ['agent', 'cli', 'control-plane', 'docs', 'node_modules', 'package.json', '.parts', 'shared']) {
    await symlink(join(projectFolder, name), join(folder.path, name))
  }
  return folder
}

/** Plays a script in such a folder. The well-known ports are free in a network of its own, and what it starts ends with it. */
export async function playGuide(folder: string, script: string) {
  const file = join(folder, 'guide.sh')
  await writeFile(file, `ip link set lo up\n${script}`)
  const own = ['--net', '--pid', '--fork', '--mount-proc', '--kill-child', 'bash', file]
  await using shell = await spawnProcess('unshare', own, { name: 'the guide', cwd: folder })
  const { code } = await shell.exited
  return { code, output: shell.output }
}
