import { join } from 'node:path'

/** The files of a node's identity, in a folder of the agent's. The agent beside an Envoy keeps them fresh for it. */
export function identityFiles(folder: string) {
  return {
    key: join(folder, 'key.pem'),
    certificate: join(folder, 'certificate.pem'),
    trust: join(folder, 'trust.pem'),
    /** Envoy's word for them. */
    envoyCertificate: join(folder, 'envoy-certificate.json'),
    envoyTrust: join(folder, 'envoy-trust.json'),
  }
}

/** Names by which an Envoy asks for them. */
export const nodeSecret = 'heddle-node'
export const trustSecret = 'heddle-trust'

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'

/** What tells an Envoy where key, certificate and authorities are, by file name: it reads them anew whenever they are replaced. */
export function envoySecrets(folder: string): Readonly<Record<string, object>> {
  const { key, certificate, trust } = identityFiles(folder)
  const watched = { watched_directory: { path: folder } }
  return {
    'envoy-certificate.json': resources({
      name: nodeSecret,
      tls_certificate: { certificate_chain: { filename: certificate }, private_key: { filename: key }, ...watched },
    }),
    'envoy-trust.json': resources({
      name: trustSecret,
      validation_context: { trusted_ca: { filename: trust }, ...watched },
    }),
  }
}

function resources(secret: object): object {
  return { resources: [{ '@type': secretType, ...secret }] }
}
