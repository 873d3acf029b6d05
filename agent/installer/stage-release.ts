import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { packageName, Wanted, wantedName } from '#shared/protocol/hand-over.ts'
import { mostReleaseBytes } from '#shared/protocol/upgrade.ts'
import { readRootFile } from '../root-files/read-root-file.ts'
import { judgeUpgrade } from '../upgrade/judge-upgrade.ts'
import { readFloor } from '../upgrade/keep-floor.ts'
import { publicKeyOf } from '../upgrade/run-upgrade.ts'
import type { InstallerConfig } from './config.ts'
import { fieldOf, installedVersion, releaseVersion } from './run-dpkg.ts'

const mostWantedBytes = 16 * 1024

/** What the agent wants installed; undefined: nothing that can be read. */
export async function readWanted(inbox: string): Promise<Wanted | undefined> {
  try {
    await using file = await openPlain(join(inbox, wantedName), mostWantedBytes)
    // Whoever writes it may write on meanwhile.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostWantedBytes), 0, mostWantedBytes, 0)
    const read = z.safeParse(Wanted, JSON.parse(buffer.toString('utf8', 0, bytesRead)))
    return read.success ? read.data : undefined
  } catch {
    return undefined
  }
}

/**
 * Copies what the agent hands over to where only root writes, and judges the copy by the keys that root trusts: nothing that the agent says is
 * believed. Resolves with the path of the copy. Rejects with a Failure that says why it is refused.
 */
export async function stageRelease({ signed }: Wanted, config: InstallerConfig): Promise<string> {
  const { inbox, state_dir: folder, keys: files, package: name, root } = config
  const { version, sha256: claimed } = signed.manifest
  const installed = await installedVersion(name, root)
  if (installed === undefined) throw new Failure('UPGRADE_PACKAGE', `${name} is not installed as a package`)
  const floor = await readFloor(folder, releaseVersion(installed))
  const keys = await Promise.all(
    files.map(async (file) => publicKeyOf(await readRootFile(file, 'UPGRADE_TRUST'), file)),
  )
  const judge = (sha256: string) => {
    const answer = judgeUpgrade({ signed, sha256, keys, floor, now: Date.now() })
    if (answer.may === 'nothing') throw new Failure(answer.code, answer.why)
  }
  // What is not signed is not even copied.
  judge(claimed)
  const staged = join(folder, 'staged.deb')
  judge(await copyOf(join(inbox, packageName(claimed)), staged))
  const [found, foundVersion] = [await fieldOf(staged, 'Package'), await fieldOf(staged, 'Version')]
  if (found !== name || releaseVersion(foundVersion) !== version) {
    throw new Failure('UPGRADE_PACKAGE', `the file is ${found} ${foundVersion}, not ${name} ${version}`)
  }
  return staged
}

/** Copies a file and answers with the SHA-256 of what was copied. */
async function copyOf(from: string, to: string): Promise<string> {
  const aside = `${to}.new`
  await rm(aside, { force: true })
  try {
    await using source = await openPlain(from, mostReleaseBytes)
    await using target = await open(aside, 'wx', 0o600)
    const hash = createHash('sha256')
    const buffer = Buffer.alloc(1024 * 1024)
    let left = mostReleaseBytes
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      left -= bytesRead
      if (left < 0) throw new Error('it is too large')
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      // All of it, or an error: a full disk may take a part.
      await target.appendFile(piece)
    }
    await target.datasync()
    await rename(aside, to)
    return hash.digest('hex')
  } catch (cause) {
    await rm(aside, { force: true })
    throw new Failure('UPGRADE_CONTENT', `${from} cannot be copied`, { cause })
  }
}

/** A regular file, and no link to another one: its folder belongs to somebody who is not trusted. */
async function openPlain(path: string, mostBytes: number): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const stat = await file.stat()
  if (stat.isFile() && stat.size <= mostBytes) return file
  await file.close()
  throw new Error(`${path} is no file of at most ${mostBytes} bytes`)
}
