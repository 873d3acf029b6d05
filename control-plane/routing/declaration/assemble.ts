import type { Access, Authenticator } from '../table.ts'
import type { Declaration, RouteDeclaration } from './declaration.ts'
import type { AuthenticatorPiece, GatewayPiece, Pieces, Placed, RoutePiece } from './pieces.ts'

/** One whole out of pieces that do not contradict each other. */
export function assemble(pieces: readonly Pieces[]): Omit<Declaration, 'version'> {
  const gateways = pieces
    .flatMap((piece) => piece.gateways)
    .map(({ listeners, ...gateway }) => ({ ...gateway, listeners: listeners.map(unplaced) }))
  const routes = pieces.flatMap((piece) => piece.routes)
  return {
    gateways: gateways.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ at: _, auth: __, ...gateway }) => gateway),
    clients: new Map(pieces.flatMap((piece) => piece.clients).map(({ at: _, ...client }) => [client.id, client])),
    authenticators: new Map(
      pieces.flatMap((piece) => piece.authenticators).map((each) => [each.name, unplacedOf(each)]),
    ),
    services: new Map(pieces.flatMap((piece) => piece.services).map(({ name, at: _, ...service }) => [name, service])),
    splits: new Map(pieces.flatMap((piece) => piece.splits).map(({ at: _, ...split }) => [split.name, split])),
    routes: routes.flatMap((route) =>
      gateways
        .filter(({ name }) => route.gateways === undefined || route.gateways.includes(name))
        .map((gateway) => onGateway(route, gateway)),
    ),
  }
}

function onGateway(
  { name, match, action, policy, auth, permissions, source }: RoutePiece,
  gateway: Pick<GatewayPiece, 'name' | 'auth'>,
): RouteDeclaration {
  const access = accessOf(auth ?? gateway.auth, permissions)
  return { gateway: gateway.name, name, match, action, policy: { ...policy, access }, source }
}

function accessOf(auth: string, permissions: readonly string[]): Access {
  return auth === 'open' ? { kind: 'open' } : { kind: 'required', authenticator: auth, permissions }
}

function unplacedOf({ at: _, ...authenticator }: AuthenticatorPiece): Authenticator {
  return authenticator as Authenticator
}

function unplaced<T extends Placed>({ at: _, ...rest }: T): Omit<T, 'at'> {
  return rest
}
