import type { Listener, Route } from '../table.ts'
import type { GatewayDeclaration, ServiceDeclaration } from './declaration.ts'

export type Place = { readonly file: string; readonly line?: number; readonly path: string }
export type Placed = { readonly at: Place }
export type GatewayPiece = Omit<GatewayDeclaration, 'listeners'> &
  Placed & { readonly listeners: readonly (Listener & Placed)[] }
export type ServicePiece = ServiceDeclaration & Placed & { readonly name: string }
/** Without `gateways` it is on all of them. */
export type RoutePiece = Route & Placed & { readonly gateways: readonly string[] | undefined }

/** The pieces of one file, each with the place it stands at. */
export type Pieces = {
  readonly gateways: readonly GatewayPiece[]
  readonly services: readonly ServicePiece[]
  readonly routes: readonly RoutePiece[]
}
