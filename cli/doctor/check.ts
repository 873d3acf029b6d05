import type { Plane } from '../plane/plane.ts'
import type { Patient } from './claims.ts'
import type { CheckName, Finding } from './finding.ts'
import type { Resolved } from './resolve-names.ts'

/** What a check has of the world besides the host itself. */
export type Scene = {
  /** The configurations that are to run on this host. */
  readonly patients: readonly Patient[]
  readonly now: () => number
  /** Aborted when the check's time is over, too. */
  readonly stop: AbortSignal
  /** How long anything that is asked may take to answer, in milliseconds. */
  readonly answerWithinMs: number
  /** What a name stands for here; every name is looked up once. */
  readonly resolve: (name: string) => Promise<Resolved>
  /** The plane that the command line names, for what only it knows. */
  readonly plane: Plane
  /** The command line says so: it was not taken by default. */
  readonly planeIsNamed: boolean
}

/** One thing that can be examined. It changes nothing, and a rejection is told as a warning of its own. */
export type Check = {
  readonly name: CheckName
  readonly examine: (scene: Scene) => Promise<readonly Finding[]>
}
