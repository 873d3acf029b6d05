import type { Route } from '#control-plane/routing/table.ts'
import { plainRoute } from './route-tables.ts'

// Requests to which every proxy must give the same answer; docs/routing.md shows some of them. Tests hold the rule and the real proxies to
// these.

function route(prefix: string, path: 'strip' | 'keep', service: string): Route {
  return plainRoute(prefix, service, { name: service, path })
}

/** In the order in which they are tried. */
export const pathRoutes: readonly Route[] = [
  route('/api/users/admin', 'keep', 'admin'),
  route('/api/users', 'strip', 'users'),
  route('/api/jobs', 'keep', 'jobs'),
  route('/v1.0', 'strip', 'dots'),
]

/** `becomes`: the service and what it sees, or that no route takes it, or that it is refused. */
export const pathCases: readonly { readonly target: string; readonly becomes: string }[] = [
  { target: '/api/users', becomes: 'users /' },
  { target: '/api/users/', becomes: 'users /' },
  { target: '/api/users/7', becomes: 'users /7' },
  { target: '/api/users/7/', becomes: 'users /7/' },
  { target: '/api/users?page=2', becomes: 'users /?page=2' },
  { target: '/api/users/7?next=/api/jobs', becomes: 'users /7?next=/api/jobs' },
  { target: '/api/users/api/users/7', becomes: 'users /api/users/7' },
  { target: '/api/usersx', becomes: 'no-route' },
  { target: '/api/users.json', becomes: 'no-route' },
  { target: '/API/users', becomes: 'no-route' },
  { target: '/api', becomes: 'no-route' },
  { target: '/', becomes: 'no-route' },
  { target: '/api/users/admin', becomes: 'admin /api/users/admin' },
  { target: '/api/users/admin/x', becomes: 'admin /api/users/admin/x' },
  { target: '/api/users/adminx', becomes: 'users /adminx' },
  { target: '/api/jobs', becomes: 'jobs /api/jobs' },
  { target: '/api/jobs/', becomes: 'jobs /api/jobs/' },
  { target: '/api/jobs/7?a=b%2Fc', becomes: 'jobs /api/jobs/7?a=b%2Fc' },
  { target: '/api//jobs///7', becomes: 'jobs /api/jobs/7' },
  { target: '//api/users//7', becomes: 'users /7' },
  { target: '/api/jobs/./7', becomes: 'jobs /api/jobs/7' },
  { target: '/api/jobs/../users/7', becomes: 'users /7' },
  { target: '/api/jobs/%2e%2e/users/7', becomes: 'users /7' },
  { target: '/api/users/..', becomes: 'no-route' },
  { target: '/api/jobs/..;/users/7', becomes: 'users /7' },
  { target: '/api/jobs/.;x=1/7', becomes: 'jobs /api/jobs/7' },
  { target: '/api/jobs//../users', becomes: 'jobs /api/jobs/users' },
  { target: '/api/%6Aobs/7', becomes: 'jobs /api/jobs/7' },
  { target: '/api/jobs/a%20b', becomes: 'jobs /api/jobs/a%20b' },
  { target: '/api/users/%E4%B8%AD', becomes: 'users /%E4%B8%AD' },
  { target: '/api/users/a+b;c=1', becomes: 'users /a+b;c=1' },
  { target: '/api/users/a%2Fb', becomes: 'refused' },
  { target: '/api%2fusers', becomes: 'refused' },
  { target: '/api/jobs/..;/users/7', becomes: 'users /7' },
  { target: '/api/jobs/.;x=1/7', becomes: 'jobs /api/jobs/7' },
  { target: '/api/jobs/%2e%2e;/users', becomes: 'refused' },
  { target: '/api/jobs/...;/7', becomes: 'jobs /api/jobs/...;/7' },
  { target: '/api/jobs/..%5cusers', becomes: 'refused' },
  { target: '/v1.0/x', becomes: 'dots /x' },
  { target: '/v1x0/x', becomes: 'no-route' },
]
