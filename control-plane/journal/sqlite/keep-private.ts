import { chmodSync, closeSync, openSync, statSync } from 'node:fs'

/** What SQLite keeps beside a database. */
const beside = ['', '-wal', '-shm', '-lock'] as const

/**
 * Has the files of a database be for its own user, and for the group that was given them, if any: SQLite makes them as the process makes all
 * files, for everybody, and the audit and the registrations of clients are in them. What cannot be changed is left to whoever opens it to say.
 */
export function keepPrivate(path: string): void {
  for (const end of beside) {
    const file = `${path}${end}`
    // Its log and the index of that get the mode of the database.
    if (end === '' || end === '-lock') make(file)
    closeToOthers(file)
  }
}

function make(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
  } catch {
    // A full disk, say: what is there already is opened all the same.
  }
}

function closeToOthers(file: string): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode
  if (mode === undefined || (mode & 0o007) === 0) return
  try {
    chmodSync(file, mode & 0o7770)
  } catch {
    // It is somebody else's.
  }
}
