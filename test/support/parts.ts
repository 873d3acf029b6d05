import { accessSync, constants, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'

export type PartName =
  | 'envoy'
  | 'consul'
  | 'nginx'
  | 'postgresql'
  | 'pgbouncer'
  | 'consul-1.22'
  | 'consul-template'
  | 'go-control-plane'
  | 'buildah'
  | 'prometheus'
  | 'etcd'
  | 'kube-apiserver'
  | 'helm'
  | 'prometheus'
  | 'schemathesis'
  | 'debootstrap'

const built: readonly PartName[] = ['consul-1.22', 'consul-template', 'go-control-plane', 'kube-apiserver', 'helm']

/** The folder of the whole project. */
export const projectFolder = resolve(import.meta.dirname, '../..')

/** The path of a program that the set-up found on PATH or provisioned. Throws PART_MISSING if it is not there. */
export function programOf(name: PartName): string {
  const program = recordedProgram(name)
  if (program !== undefined && isRunnable(program)) return program
  throw new Failure('PART_MISSING', `${name} is not ready on this machine.`, { remedy: remedyFor(name) })
}

/** The parts among `names` that are not ready here. */
export function missingParts(names: readonly PartName[]): readonly PartName[] {
  return names.filter((name) => {
    const program = recordedProgram(name)
    return program === undefined || !isRunnable(program)
  })
}

function remedyFor(name: PartName): string {
  const plain = ['schemathesis', 'debootstrap', 'buildah', 'etcd', 'prometheus']
  if (plain.includes(name)) return `Run \`node setup.mjs --part ${name}\`.`
  return built.includes(name) ? `Run \`node setup.mjs --part ${name}\`; building it takes Go.` : 'Run `npm run setup`.'
}

function recordedProgram(name: PartName): string | undefined {
  const record: unknown = readRecord()
  if (typeof record !== 'object' || record === null || !(name in record)) return undefined
  const part: unknown = Reflect.get(record, name)
  if (typeof part !== 'object' || part === null || !('program' in part)) return undefined
  return typeof part.program === 'string' ? resolve(projectFolder, part.program) : undefined
}

function readRecord(): unknown {
  try {
    return JSON.parse(readFileSync(join(projectFolder, '.parts/parts.json'), 'utf8'))
  } catch {
    return undefined
  }
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
