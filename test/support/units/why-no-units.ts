import { execFileSync } from 'node:child_process'

/** Why units cannot be tried on this machine; false: they can. */
export function whyNoUnits(): string | false {
  if (process.getuid?.() !== 0) return 'only root can start what a unit starts'
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' })
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return false
  } catch {
    return 'there is no systemd-analyze here, or no namespaces (apt-get install systemd util-linux)'
  }
}
