import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeObject } from './objects.ts'

type Volume = KubeObject['volumes'][number]
type Item = { readonly key: string; readonly path: string }

/** The user and the group of volumes, as `fsGroup` of the Pods says. */
export const podUser = 65_532

export type Provided = {
  /** ConfigMaps and Secrets of the namespace. */
  readonly objects: readonly KubeObject[]
  /** Folders that outlive a Pod, by the name of their claim or their path on the node. */
  readonly kept: (name: string) => string
  /** A service account's token for an audience. */
  readonly token?: (audience: string) => Promise<string>
}

/**
 * Makes a volume of a Pod below `folder` as a kubelet does, down to owners, modes and the links by which files are replaced all at once.
 * Resolves with its path. Throws where an object or a key of it is missing, as a Pod would wait for it for ever.
 */
export async function layVolume(folder: string, volume: Volume, provided: Provided): Promise<string> {
  const { name, configMap, secret, projected, emptyDir, persistentVolumeClaim, hostPath } = volume
  const path = join(folder, name)
  if (configMap) return linked(path, await filesOf('ConfigMap', configMap.name, configMap.items, provided), 0o644)
  if (secret) {
    return linked(path, await filesOf('Secret', secret.secretName, secret.items, provided), secret.defaultMode ?? 0o644)
  }
  if (projected) {
    const files = new Map<string, string>()
    for (const source of projected.sources) {
      const { serviceAccountToken: token, configMap: map } = source
      if (token) files.set(token.path, (await provided.token?.(token.audience)) ?? '')
      if (map) for (const [key, text] of await filesOf('ConfigMap', map.name, map.items, provided)) files.set(key, text)
    }
    return linked(path, files, projected.defaultMode ?? 0o644)
  }
  if (persistentVolumeClaim || hostPath) {
    const kept = provided.kept(persistentVolumeClaim?.claimName ?? hostPath.path)
    await mkdir(kept, { recursive: true })
    if (persistentVolumeClaim) await forGroup(kept)
    return kept
  }
  if (!emptyDir) throw new Error(`the volume ${name} is of a kind that tests do not have`)
  await mkdir(path)
  await forGroup(path)
  return path
}

async function forGroup(path: string): Promise<void> {
  await chown(path, 0, podUser)
  await chmod(path, 0o2777)
}

/** `file` is a link to `..data/file`, `..data` one to the folder of this version. */
async function linked(path: string, files: ReadonlyMap<string, string>, mode: number): Promise<string> {
  const version = '..2026_11_22_00_00_00.1'
  await mkdir(join(path, version), { recursive: true })
  await symlink(version, join(path, '..data'))
  for (const [name, text] of files) {
    const file = join(path, version, name)
    await writeFile(file, text)
    await chown(file, 0, podUser)
    await chmod(file, mode)
    await symlink(join('..data', name), join(path, name))
  }
  return path
}

async function filesOf(
  kind: 'ConfigMap' | 'Secret',
  name: string,
  items: readonly Item[] | undefined,
  { objects }: Provided,
): Promise<ReadonlyMap<string, string>> {
  const object = objects.find((each) => each.kind === kind && each.metadata.name === name)
  if (!object) throw new Error(`there is no ${kind} ${name}`)
  const plain: Readonly<Record<string, string>> = { ...object.data, ...object.stringData }
  const encoded = kind === 'Secret' ? (object.data ?? {}) : {}
  const texts = new Map(
    Object.entries(plain).map(([key, text]) => [key, key in encoded ? Buffer.from(text, 'base64').toString() : text]),
  )
  if (items === undefined) return texts
  return new Map(
    items.map(({ key, path }) => {
      const text = texts.get(key)
      if (text === undefined) throw new Error(`${kind} ${name} has no ${key}`)
      return [path, text]
    }),
  )
}
