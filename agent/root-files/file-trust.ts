/** What the system says of a file. */
export type FileFacts = {
  readonly uid: number
  readonly mode: number
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

const writableByOthers = 0o022
const sticky = 0o1000

/** Why a file is not what its owner wrote; undefined: nobody else can have written it. */
export function fileProblem(facts: FileFacts, owner: number): string | undefined {
  if (facts.isSymbolicLink()) return 'it is a link; it has to be the file itself'
  if (!facts.isFile()) return 'it is no file'
  if (facts.uid !== owner && facts.uid !== 0) return `it belongs to user ${facts.uid}`
  if (facts.mode & writableByOthers) return 'others than its owner may write it'
  return undefined
}

/** Why somebody else could put another file in the place of one that lies under this folder; undefined: nobody can. */
export function folderProblem(facts: FileFacts, owner: number): string | undefined {
  if (facts.isSymbolicLink()) return 'it is a link; the file has to be named by its real path'
  if (!facts.isDirectory()) return 'it is no folder'
  if (facts.uid !== owner && facts.uid !== 0) return `it belongs to user ${facts.uid}`
  // In a folder with this mark everybody may add, but only the owner takes away.
  if (facts.mode & writableByOthers && !(facts.mode & sticky)) return 'others than its owner may write in it'
  return undefined
}
