import type { FileSet } from '../file-set.ts'
import type { OwnFolder } from '../place.ts'
import type { EnvoySettings } from './settings.ts'
import type { TestFiles } from './test-resources.ts'

/** Everything that one gateway with an Envoy works with. */
export type EnvoyParts = {
  readonly settings: EnvoySettings
  readonly folder: OwnFolder
  /** The files as the folder is to hold them: with the agent's own beside them, and none missing that Envoy needs to start. */
  readonly complete: (files: FileSet) => FileSet
  /** Tests files beside the running Envoy; where there is no program to do it, all are taken as they are. */
  readonly test: TestFiles
  /** Whether the Envoy that the agent runs is there; false also for one that somebody else runs. */
  readonly isRunning: () => Promise<boolean>
}
