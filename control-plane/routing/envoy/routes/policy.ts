import type { Authenticator, RoutePolicy, RouteTable } from '../../table.ts'
import { authorizerOfRoute } from '../filters/authorizer.ts'
import { bodySizeOfRoute } from '../filters/body-size.ts'
import { corsOfRoute } from '../filters/cors.ts'
import { filterNames } from '../filters/names.ts'
import { permissionsOfRoute } from '../filters/permissions.ts'
import { tokenOfRoute } from '../filters/token.ts'
import type { Json } from '../json.ts'

/**
 * What a route says to the filters; undefined: it asks for what nobody can check, and must let nobody in.
 * @param usualSize what is said of the length of bodies for all routes
 */
export function filtersOfRoute(
  { access, cors, maxBodyBytes }: RoutePolicy,
  { gateway, authenticators }: Pick<RouteTable, 'gateway' | 'authenticators'>,
  usualSize: number | undefined,
): Json | undefined {
  const checks = access.kind === 'open' ? {} : checksOf(access, gateway, authenticators)
  if (!checks) return undefined
  return {
    ...(maxBodyBytes === usualSize ? {} : { [filterNames.bodySize]: bodySizeOfRoute(maxBodyBytes) }),
    ...(cors ? { [filterNames.cors]: corsOfRoute(cors) } : {}),
    ...checks,
  }
}

type Required = Extract<RoutePolicy['access'], { kind: 'required' }>

function checksOf(
  { authenticator, permissions }: Required,
  gateway: string,
  authenticators: readonly Authenticator[],
): Json | undefined {
  const found = authenticators.find(({ name }) => name === authenticator)
  switch (found?.kind) {
    case undefined:
      return undefined
    case 'jwt':
      return {
        [filterNames.token]: tokenOfRoute(authenticator),
        ...(permissions.length === 0
          ? {}
          : { [filterNames.permissions]: permissionsOfRoute(permissions, found.permissionsClaim) }),
      }
    case 'external':
      return { [filterNames.authorizer]: authorizerOfRoute(gateway, authenticator, permissions) }
  }
}
