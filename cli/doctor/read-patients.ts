import { execFile } from 'node:child_process'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { parseYaml, problemText } from '#shared/config/problem.ts'
import { explainError } from '#shared/failure/failure.ts'
import { kindOf, objectAt, type Patient, textAt } from './claims.ts'
import type { Finding } from './finding.ts'

/** Where an installation has its files, as packages put them. */
export const usualFiles = ['/etc/heddle/control-plane.yaml', '/etc/heddle/agent.yaml'] as const

type Read = { readonly patients: readonly Patient[]; readonly findings: readonly Finding[] }

/**
 * Reads configurations and the declarations that they name. Never rejects.
 * @param judging whether each program says what it thinks of its own: it is started for that
 */
export async function readPatients(files: readonly string[], judging: boolean): Promise<Read> {
  const named = await Promise.all(files.map((file) => readPatient(file)))
  const patients = named.flatMap(({ patients }) => patients)
  const known = new Set(patients.map(({ file }) => resolve(file)))
  const declared = await Promise.all(patients.filter(({ kind }) => kind === 'plane').map(readDeclaration))
  const declarations = declared.flatMap(({ patients }) => patients).filter(({ file }) => !known.has(resolve(file)))
  const judged = judging ? await Promise.all(patients.map(judge)) : []
  return {
    patients: [...patients, ...declarations],
    findings: [
      ...named.flatMap(({ findings }) => findings),
      ...declared.flatMap(({ findings }) => findings),
      ...judged.flat(),
    ],
  }
}

async function readPatient(file: string): Promise<Read> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    return broken(`${file} cannot be read: ${explainError(error)}`, 'Name an existing file that this user may read.')
  }
  const { value, problems, lineOf } = parseYaml(text, file)
  if (problems.length > 0) return broken(problems.map(problemText).join('; '), `Correct ${file}.`)
  const kind = kindOf(value, file)
  if (kind === undefined)
    return broken(`${file} is no configuration of Heddle's`, 'Name those of the plane, the agents and their routes.')
  return { patients: [{ file, kind, value: (value ?? {}) as Patient['value'], lineOf }], findings: [] }
}

function broken(text: string, remedy: string): Read {
  return { patients: [], findings: [{ check: 'files', level: 'error', text, remedy }] }
}

async function readDeclaration({ value, file }: Patient): Promise<Read> {
  const path = textAt(objectAt(value, 'routing'), 'declaration', '')
  if (path === '') return { patients: [], findings: [] }
  try {
    const isFolder = (await stat(path)).isDirectory()
    const names = isFolder ? (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort() : []
    const files = isFolder ? names.map((name) => join(path, name)) : [path]
    const read = await Promise.all(files.map(readPatient))
    return {
      patients: read.flatMap(({ patients }) => patients).map((patient) => ({ ...patient, kind: 'routes' as const })),
      findings: read.flatMap(({ findings }) => findings),
    }
  } catch (error) {
    return broken(
      `the declaration ${path} (${file}) cannot be read: ${explainError(error)}`,
      'Correct routing.declaration.',
    )
  }
}

const judgedWithinMs = 20_000

/** Each program in the tree, and as packages put it beside this one, with its own Node. */
const programs = {
  agent: { source: 'agent/main.ts', installed: ['heddle-agent/bin/node', 'heddle-agent/agent/heddle-agent.mjs'] },
  plane: {
    source: 'control-plane/main.ts',
    installed: ['heddle-plane/bin/node', 'heddle-plane/plane/heddle-plane.mjs'],
  },
} as const

/** What the program itself says to its configuration, where it is installed beside this one. */
async function judge({ file, kind }: Patient): Promise<readonly Finding[]> {
  if (kind === 'routes') return []
  const root = join(import.meta.dirname, '../..')
  const { source, installed } = programs[kind]
  const [node, program] = extname(import.meta.filename) === '.ts' ? [process.execPath, source] : installed
  const command = [resolve(root, node), join(root, program)] as const
  if (!(await Promise.all(command.map(isThere))).every(Boolean)) return []
  // What systemd hands over is there for the unit alone; here it is enough that it is named.
  const credentials = process.env.CREDENTIALS_DIRECTORY ?? `/run/credentials/heddle-${kind}.service`
  const env = { ...process.env, NODE_OPTIONS: '', CREDENTIALS_DIRECTORY: credentials }
  const said = await new Promise<string | undefined | Finding>((answer) => {
    const [node, program] = command
    execFile(node, [program, '--check', file], { env, timeout: judgedWithinMs }, (error, _, stderr) => {
      if (error?.killed) {
        const text = `the ${kind} did not judge ${file} within ${judgedWithinMs / 1000} s`
        const remedy = `This host is busy; ask it alone: heddle-${kind} --check ${file}`
        answer({ check: 'files', level: 'warning', text, remedy })
      } else answer(error === null ? undefined : stderr.trim() || explainError(error))
    })
  })
  if (typeof said === 'object') return [said]
  const lines = said?.split('\n').filter((line) => !/^CONFIG_INVALID: /.test(line)) ?? []
  if (said === undefined)
    return [{ check: 'files', level: 'ok', text: `${file} is a valid configuration of the ${kind}` }]
  return lines.map((text) => ({ check: 'files' as const, level: 'error' as const, text, remedy: `Correct ${file}.` }))
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
