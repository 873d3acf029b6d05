import type { Authenticator, Route } from '../table.ts'
import { sidesOf } from './split.ts'

/** The services that a route leads to, with the one that gets copies. */
export function servicesOf({ action }: Pick<Route, 'action'>): readonly string[] {
  if (action.kind !== 'forward') return []
  const names = sidesOf(action)
  return action.mirror ? [...names, action.mirror.service] : names
}

/** The service that an authenticator asks. */
export function serviceOfAuthenticator(authenticator: Authenticator): string {
  return authenticator.kind === 'jwt' ? authenticator.keys.service : authenticator.service
}
