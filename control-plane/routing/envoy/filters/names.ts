/** Envoy's filters of every listener, in their order, by the names under which routes speak to them. */
export const filterNames = {
  health: 'envoy.filters.http.health_check',
  cors: 'envoy.filters.http.cors',
  bodySize: 'heddle.body_size',
  clientRate: 'heddle.client_rate',
  routeRate: 'heddle.route_rate',
  token: 'envoy.filters.http.jwt_authn',
  permissions: 'envoy.filters.http.rbac',
  authorizer: 'envoy.filters.http.ext_authz',
  router: 'envoy.filters.http.router',
} as const
