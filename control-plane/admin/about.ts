import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

export const usage = `Usage: heddle-plane [run] <config.yaml>
       heddle-plane --check <config.yaml>
       heddle-plane first <config.yaml>
       heddle-plane import-journal <config.yaml> <heddle.db>
       heddle-plane backup <config.yaml> <file> [--no-metrics]
       heddle-plane restore <config.yaml> <file>
       heddle-plane migrate <config.yaml> <migration>

Keeps the truth about a fleet, mirrors it into Consul and drives Envoy and Nginx from it.

  first           say where what the first start made is, and which commands come next
  import-journal  copy what the file of a plane that has ended holds into the empty database that the configuration names
  backup          write all that the store holds to a new file; the plane may run meanwhile
  restore         put a backup into the empty store that the configuration names, and compare everything
  migrate         bring the schema of the store back to what a former version knows; no plane may run on it

  --check     validate the configuration, print every problem, run nothing
  --version   print the version
  --help      print this

SIGTERM ends it; proxies and Consuls keep what they have.
`

/** The version of this installation. */
export function planeVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof version === 'string' ? version : '0.0.0'
}

/** Which machine this is, in the words in which agents on it say so. */
export function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname()
  } catch {
    return hostname()
  }
}
