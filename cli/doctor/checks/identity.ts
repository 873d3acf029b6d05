import { createPrivateKey } from 'node:crypto'
import { certificatesIn } from '#shared/identity/certificates-in.ts'
import type { Check } from '../check.ts'
import type { Patient } from '../claims.ts'
import { planesOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { type NodeCertificateSeen, nodeCertificateFinding } from '../judge/node-certificate.ts'
import { readNodeIdentity } from '../node-identity.ts'

const { warning } = finder('identity')

/** By what nodes are known to planes that are asked over TLS. */
export const identity: Check = {
  name: 'identity',
  async examine({ patients, now }) {
    const agents = patients.filter(({ kind }) => kind === 'agent')
    return (await Promise.all(agents.map((agent) => agentFindings(agent, now())))).flat()
  },
}

async function agentFindings(agent: Patient, now: number): Promise<readonly Finding[]> {
  if (!planesOf([agent]).some((plane) => plane.startsWith('https:'))) return []
  const kept = await readNodeIdentity(agent)
  switch (kept.kind) {
    case 'unseen':
      return [warning(`the certificate in ${kept.folder} cannot be seen`, 'Run the doctor as root.')]
    case 'none': {
      const text = `there is no certificate in ${kept.folder} yet (${agent.file})`
      return [
        warning(text, 'heddle-agent enroll <https://plane:8888> --token-file <file>, or start the agent with a token.'),
      ]
    }
    case 'kept':
      return [nodeCertificateFinding(await seenIn(kept), { where: kept.folder, now })]
  }
}

async function seenIn({
  cert,
  key,
  trust,
}: {
  readonly cert: string
  readonly key: string
  readonly trust: string
}): Promise<NodeCertificateSeen | undefined> {
  const { readNodeCertificate } = await import('#shared/identity/certificate.ts')
  const read = readNodeCertificate(cert)
  if (read.kind === 'unreadable') return undefined
  const { node, installation, x509, notBefore, notAfter } = read.certificate
  try {
    const above = [...certificatesIn(cert).slice(1), ...certificatesIn(trust)]
    return {
      ...{ node, installation, from: notBefore, to: notAfter },
      isOfKey: x509.checkPrivateKey(createPrivateKey(key)),
      isTrusted: above.some(({ publicKey }) => x509.verify(publicKey)),
    }
  } catch {
    return undefined
  }
}
