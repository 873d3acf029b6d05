import { execFile } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { LogFile } from '#shared/logging/log-file.ts'
import { temporaryFolder } from '#test/support/folder.ts'

const execute = promisify(execFile)
const notRoot = process.getuid?.() !== 0 && 'mounting needs root'

await t.test(
  'a disk that is full stops no log, and is written again when there is room',
  { skip: notRoot },
  async (t) => {
    await using folder = await temporaryFolder('log')
    const disk = join(folder.path, 'disk')
    await mkdir(disk)
    await execute('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      let now = Date.now()
      const elsewhere: string[] = []
      const path = join(disk, 'x.log')
      using log = new LogFile(
        { path, most_megabytes: 100 },
        { now: () => now, instead: (line) => void elsewhere.push(line) },
      )
      await execute('fallocate', ['-l', '1000KiB', join(disk, 'filler')])
      for (let n = 0; n < 100; n += 1) log.write(`${n} ${'x'.repeat(1000)}\n`)
      t.match(elsewhere[0], /the log file cannot be written.*ENOSPC/)
      t.match(elsewhere.at(-1), /^99 /)
      await rm(join(disk, 'filler'))
      now += 10_000
      log.write('again\n')
      t.match(await readFile(path, 'utf8'), /again\n$/)
      log[Symbol.dispose]()
    } finally {
      await execute('umount', [disk])
    }
  },
)
