import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type ImageName, ImageRoots } from '#test/support/container/image-roots.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { type BuiltImage, buildah, buildImage, type Storage } from '../../setup/image/build-image.ts'

t.setTimeout(900_000)
const names: readonly ImageName[] = ['plane', 'agent', 'cli']
const why =
  process.getuid?.() === 0
    ? missingParts(['buildah']).length > 0 && 'there is no Buildah: node setup.mjs --part buildah'
    : 'Buildah without a container engine needs root'

await t.test(
  'images that are built twice from nothing have the same digests, and are what the Dockerfile says',
  { skip: why },
  async (t) => {
    await using first = await buildFromNothing()
    await using second = await buildFromNothing()
    for (const [place, built] of first.built.entries()) {
      const { target, digest, bytes } = built
      t.match(digest, /^sha256:[0-9a-f]{64}$/)
      t.strictSame([second.built[place]?.digest, second.built[place]?.id], [digest, built.id], target)
      // docs/container.md states them.
      t.ok(bytes < 60 * 1024 * 1024, `${target}: ${bytes} bytes`)
    }
    for (const name of names) {
      const stage = first.roots.stage(name)
      const { OCIv1: image } = JSON.parse(
        await buildah(first.storage, ['inspect', '--type', 'image', `heddle-${name}:1.2.3`]),
      )
      t.equal(image.created, '1970-01-01T00:00:00Z')
      t.match(image.config, {
        User: stage.user,
        Entrypoint: stage.entrypoint,
        Cmd: stage.command,
        StopSignal: stage.stopSignal,
      })
      t.strictSame(
        image.config.Env,
        Object.entries(stage.env).map(([key, value]) => `${key}=${value}`),
      )
      t.match(image.config.Labels, {
        'org.opencontainers.image.version': '1.2.3',
        'org.opencontainers.image.revision': 'abc',
        'org.opencontainers.image.title': stage.labels['org.opencontainers.image.title'],
      })
      // What it holds is what the other tests run (image.test.ts, compose.long.test.ts).
      const [container = ''] = (await buildah(first.storage, ['from', '--pull-never', `heddle-${name}:1.2.3`]))
        .trim()
        .split('\n')
      const mounted = (await buildah(first.storage, ['mount', container])).trim()
      const expected = await Promise.all(first.roots.layers(name).map((layer) => pathsIn(layer)))
      const state = stage.copies.filter(({ owner }) => owner !== undefined).map(({ to }) => to.replace(/^\/|\/$/g, ''))
      t.strictSame(await pathsIn(mounted), [...new Set([...expected.flat(), ...state])].sort())
      await buildah(first.storage, ['umount', container])
      await buildah(first.storage, ['rm', container])
    }
  },
)

type Built = AsyncDisposable & {
  readonly roots: ImageRoots
  readonly storage: Storage
  readonly built: readonly BuiltImage[]
}

/** From bundling on, with a storage of its own. */
async function buildFromNothing(): Promise<Built> {
  await using stack = new AsyncDisposableStack()
  const roots = stack.use(await ImageRoots.lay())
  const kept = stack.use(await temporaryFolder('buildah'))
  const storage = { program: programOf('buildah'), folder: join(kept.path, 'storage') }
  await mkdir(storage.folder)
  const about = { version: '1.2.3', revision: 'abc', context: roots.folder.path }
  const built: BuiltImage[] = []
  for (const name of names) built.push(await buildImage(storage, name, about))
  const open = stack.move()
  return { roots, storage, built, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

async function pathsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.map((each) => join(each.parentPath, each.name).slice(folder.length + 1)).sort()
}
