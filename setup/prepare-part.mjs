import { access, chmod, constants, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join, relative, resolve } from 'node:path'
import { inNewFolder, partsFolder, root, run, SetupFailure, step } from './steps.mjs'

const recordFile = join(partsFolder, 'parts.json')

/**
 * Makes sure that a part is there: as recorded by an earlier run, on PATH, in the folder of parts, or newly made. Only a program that
 * told a version that fits is recorded. test/support/parts.ts reads the record.
 * @returns {Promise<string>} its title, with the version found
 */
export async function preparePart(name, part) {
  const record = await readRecord()
  const known = record[name]
  if (known && (await isUnchanged(known))) return title(part, known)
  const found = (await findReady(name, part)) ?? (await step(part.title, () => make(name, part)))
  await writeRecord(name, found)
  return title(part, found)
}

function title(part, { version, from }) {
  return `${part.title.replace(/ \S+$/, '')} ${version}${from === 'PATH' ? ' (on PATH)' : ''}`
}

async function findReady(name, part) {
  // A normal user's PATH lacks the folders where Debian puts servers.
  const own = part.folders ?? []
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', ...own]
  const candidates = [
    ...folders.filter(isAbsolute).map((folder) => ({ program: join(folder, part.program), from: 'PATH' })),
    { program: await madeProgram(name), from: '.parts' },
  ]
  for (const { program, from } of candidates) {
    if (program === undefined || !(await isProgram(program))) continue
    const answer = await askVersion(part, program)
    if (answer.version) return describe(program, answer.version, from)
  }
  return undefined
}

/** Where an earlier run put a part, if the record of it was lost or the tree was copied. */
async function madeProgram(name) {
  const path = await readFile(join(partsFolder, name, '.program'), 'utf8').catch(() => undefined)
  return path === undefined ? undefined : join(partsFolder, name, path)
}

async function make(name, part) {
  const again = part.optional ? `node setup.mjs --part ${name}` : 'npm run setup'
  const elsewhere = `put ${part.program} ${part.accepts} on PATH${part.install ? ` (${part.install})` : ''}`
  return inNewFolder(async (folder) => {
    const program = await part.make(folder).catch((error) => {
      if (!(error instanceof SetupFailure)) throw error
      const remedy = `${error.remedy}, then: ${again}\n  Or: ${elsewhere}, then: ${again}\n  Or: copy .parts/${name} from a checkout that is set up to here, then: ${again}`
      throw new SetupFailure(`${part.title} is missing: ${error.message}`, { why: error.why, remedy })
    })
    await writeFile(join(folder, '.program'), relative(folder, program))
    const answer = await askVersion(part, program)
    if (!answer.version) {
      throw new SetupFailure(`${part.title} is missing: what was fetched does not run here.`, {
        why: answer.output,
        remedy: `${elsewhere}, then: ${again}`,
      })
    }
    const place = join(partsFolder, name)
    await rm(place, { recursive: true, force: true })
    // Whoever runs the tests may use what another user set up.
    await chmod(folder, 0o755)
    await rename(folder, place)
    return describe(join(place, relative(folder, program)), answer.version, '.parts')
  })
}

/** The version that a program tells, if it fits. */
async function askVersion(part, program) {
  const { output } = await run(program, part.version, { timeoutMs: 20_000 })
  const [text, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(output) ?? []
  return { version: text && part.fits([Number(major), Number(minor)]) ? text : undefined, output }
}

async function describe(program, version, from) {
  const { size, mtimeMs } = await stat(program)
  // Parts of ours are named relative to the tree, so that the tree may be moved.
  return { program: from === 'PATH' ? program : relative(root, program), version, from, size, mtimeMs }
}

async function isUnchanged({ program, size, mtimeMs }) {
  const now = await stat(resolve(root, program)).catch(() => undefined)
  return now?.size === size && now.mtimeMs === mtimeMs
}

async function isProgram(path) {
  const found = await stat(path).catch(() => undefined)
  return (
    found?.isFile() === true &&
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
  )
}

async function readRecord() {
  return JSON.parse(await readFile(recordFile, 'utf8').catch(() => '{}'))
}

async function writeRecord(name, found) {
  const record = { ...(await readRecord()), [name]: found }
  await inNewFolder(async (folder) => {
    await writeFile(join(folder, 'parts.json'), `${JSON.stringify(record, undefined, 2)}\n`)
    await rename(join(folder, 'parts.json'), recordFile)
  })
}
