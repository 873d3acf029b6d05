/** What an import may do, and in whose name. */
export type ImportHow = {
  readonly overwrite: boolean
  readonly dryRun: boolean
  readonly by: string
  /** Where nodes are, by the file. */
  readonly nodes: ReadonlyMap<string, string>
}

export const differsRemedy = 'Leave it, or import it again with --overwrite.'
