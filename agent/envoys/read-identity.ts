import { askAdmin } from '../gateway/envoy/ask-admin.ts'
import { isObject } from '../gateway/envoy/discovery-file.ts'

/** Who an Envoy says it is, and since when it runs: another time is another life. */
export type EnvoyIdentity = { readonly envoy: string; readonly gateway: string; readonly life: string }

const path = '/config_dump?mask=bootstrap.node.id,bootstrap.node.cluster,last_updated'

/** Rejects where its admin page does not answer, or does not say it. */
export async function readEnvoyIdentity(admin: string): Promise<EnvoyIdentity> {
  const { configs } = await askAdmin(admin, path)
  for (const config of Array.isArray(configs) ? configs : []) {
    if (!isObject(config) || !isObject(config.bootstrap) || !isObject(config.bootstrap.node)) continue
    const { id, cluster } = config.bootstrap.node
    const { last_updated: life } = config
    if (typeof life !== 'string') continue
    return {
      envoy: typeof id === 'string' ? id : '',
      gateway: typeof cluster === 'string' ? cluster : '',
      life,
    }
  }
  throw new Error('the admin page does not say which Envoy it is')
}
