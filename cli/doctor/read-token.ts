import { credentialPath } from '#shared/config/secret-file.ts'
import { explainError } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import type { Finding, finder } from './finding.ts'

/** Where systemd has what it hands over to the plane, while that runs. */
export const credentialsOfPlane = '/run/credentials/heddle-plane.service'

/** A secret that a plane's configuration names, or what is to be said since it cannot be read. Never rejects, and says nothing of what is in it. */
export async function readPlaneSecret(
  said: string,
  what: string,
  { warning, error }: ReturnType<typeof finder>,
): Promise<{ readonly secret: string } | { readonly finding: Finding }> {
  const path = credentialPath(said, credentialsOfPlane)
  try {
    return { secret: await readSecret(path ?? said) }
  } catch (cause) {
    if (path === undefined) {
      const remedy = `Let the user of the plane read ${said}, and nobody else.`
      return { finding: error(`${what}: ${explainError(cause)}`, remedy) }
    }
    const text = `${what}: ${said} is handed over by systemd, and what the secret allows was not examined`
    return { finding: warning(text, 'Run the doctor as root while heddle-plane.service runs.') }
  }
}
