/** The stages of a test run, in their order. Tests of one stage run beside each other as far as the stage allows it. */
export type Stage = {
  readonly name: 'units' | 'real servers' | 'packaging' | 'journeys' | 'long tier, installing' | 'long tier'
  readonly files: readonly string[]
  readonly jobs: number
  /** For one file, in seconds. */
  readonly timeoutSeconds: number
}

export type Wanted = {
  /** Paths of files or folders, or parts of paths; none means all. A pattern with `.long` asks for the long tier by itself. */
  readonly patterns: readonly string[]
  readonly long: 'no' | 'too' | 'only'
}

/** The stages with at least one file to run. `files` are paths relative to the project, with forward slashes. */
export function selectStages(files: readonly string[], { patterns, long }: Wanted): readonly Stage[] {
  const fits = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(tidy(pattern)))
  const wanted = files.filter(fits).toSorted()
  const namesLong = patterns.some((pattern) => pattern.includes('.long'))
  const isWanted = (file: string) => {
    return isLong(file) ? long !== 'no' || namesLong : long !== 'only'
  }
  const of = (name: Stage['name']) => wanted.filter((file) => stageOf(file) === name && isWanted(file))
  const stages: readonly Stage[] = [
    { name: 'units', files: of('units'), jobs: 2, timeoutSeconds: 60 },
    { name: 'real servers', files: of('real servers'), jobs: 2, timeoutSeconds: 180 },
    // Each of its files installs on machines of its own.
    { name: 'packaging', files: of('packaging'), jobs: 2, timeoutSeconds: 300 },
    // A journey measures times: it has the machine to itself.
    { name: 'journeys', files: of('journeys'), jobs: 1, timeoutSeconds: 600 },
    { name: 'long tier, installing', files: of('long tier, installing'), jobs: 2, timeoutSeconds: 1_200 },
    // Here rates and shares are counted, or both cores are taken anyway.
    { name: 'long tier', files: of('long tier'), jobs: 1, timeoutSeconds: 1_200 },
  ]
  return stages.filter(({ files }) => files.length > 0)
}

function stageOf(file: string): Stage['name'] {
  if (isLong(file)) return isInstalling(file) ? 'long tier, installing' : 'long tier'
  if (file.startsWith('test/real/')) return 'real servers'
  if (file.startsWith('test/packaging/')) return 'packaging'
  return file.startsWith('test/journey/') ? 'journeys' : 'units'
}

function isLong(file: string): boolean {
  return file.endsWith('.long.test.ts')
}

/** Clusters, packages and planes of several versions: much of their time they wait. */
function isInstalling(file: string): boolean {
  return /^test\/(packaging\/|real\/(kubernetes|upgrade)-)/.test(file)
}

function tidy(pattern: string): string {
  return pattern.replace(/^\.\//, '').replace(/\/$/, '')
}
