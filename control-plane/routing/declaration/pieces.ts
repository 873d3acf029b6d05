import type { Authenticator, ClientPolicy, Listener, Route, RoutePolicy } from '../table.ts'
import type { GatewayDeclaration, ServiceDeclaration, SplitDeclaration } from './declaration.ts'

export type Place = { readonly file: string; readonly line?: number; readonly path: string }
export type Placed = { readonly at: Place }
export type GatewayPiece = Omit<GatewayDeclaration, 'listeners'> &
  Placed & { readonly auth: string; readonly listeners: readonly (Listener & Placed)[] }
export type ServicePiece = ServiceDeclaration & Placed & { readonly name: string }
export type ClientPiece = ClientPolicy & Placed
export type AuthenticatorPiece = Authenticator & Placed
export type SplitPiece = SplitDeclaration & Placed
/** Without `gateways` it is on all of them; without `auth` each gateway says what it asks for. */
export type RoutePiece = Omit<Route, 'policy'> &
  Placed & {
    readonly policy: Omit<RoutePolicy, 'access'>
    readonly auth: string | undefined
    readonly permissions: readonly string[]
    readonly gateways: readonly string[] | undefined
  }

/** The pieces of one file, each with the place it stands at. */
export type Pieces = {
  readonly gateways: readonly GatewayPiece[]
  readonly clients: readonly ClientPiece[]
  readonly authenticators: readonly AuthenticatorPiece[]
  readonly services: readonly ServicePiece[]
  readonly splits: readonly SplitPiece[]
  readonly routes: readonly RoutePiece[]
}
