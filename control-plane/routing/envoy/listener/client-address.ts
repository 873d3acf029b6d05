import { type Json, typed } from '../json.ts'

/**
 * Where Envoy has a client's address from: the connection (or what PROXY protocol says of it), or, where that is a balancer's that is
 * trusted, the last address of x-forwarded-for that is not one of those.
 */
export function clientAddress(trustedProxies: readonly string[]): Json {
  if (trustedProxies.length === 0) return { use_remote_address: true }
  return {
    original_ip_detection_extensions: [
      {
        name: 'envoy.http.original_ip_detection.xff',
        typed_config: typed('extensions.http.original_ip_detection.xff.v3.XffConfig', {
          xff_trusted_cidrs: { cidrs: trustedProxies.map(network) },
          skip_xff_append: false,
        }),
      },
    ],
  }
}

function network(text: string): Json {
  const [address = '', bits] = text.split('/')
  return { address_prefix: address, prefix_len: Number(bits ?? (address.includes(':') ? 128 : 32)) }
}
