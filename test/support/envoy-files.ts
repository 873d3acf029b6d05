import { join } from 'node:path'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import type { GatewayFiles } from '#shared/protocol/gateway.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { ask } from './ask.ts'
import type { TestGateway } from './gateway.ts'

// What tests of an Envoy by files ask of the gateway `edge`.

export const fileNames = envoyFileNames('edge')

export function filesFolder({ stateDir }: Pick<TestGateway, 'stateDir'>): string {
  return join(stateDir, 'gateway/edge/envoy')
}

export function bootstrapOf(gateway: Pick<TestGateway, 'stateDir'>): string {
  return join(filesFolder(gateway), fileNames.bootstrap)
}

let revision = 0

/** The set of a table, as the plane sends it. */
export function envoySetOf(table: RouteTable): GatewayFiles {
  revision += 1
  return renderEnvoyFiles({ ...table, proxy: 'envoy' }, revision)
}

export function portOf(url: string): number {
  return Number(new URL(url).port)
}

export async function bodyOf(port: number, path = '/'): Promise<string> {
  return (await ask(port, path)).body
}
