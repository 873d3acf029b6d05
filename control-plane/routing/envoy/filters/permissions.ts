import { type Json, typed } from '../json.ts'
import { filterNames } from './names.ts'
import { tokenMetadata } from './token.ts'

/** Lets through whose token has the permissions that a route asks for. */
export const permissionsFilter: Json = {
  name: filterNames.permissions,
  disabled: true,
  typed_config: typed('extensions.filters.http.rbac.v3.RBAC'),
}

/** What a route says to the filter: all of these must be in the claim of a token that was checked before. */
export function permissionsOfRoute(permissions: readonly string[], claim: string): Json {
  return typed('extensions.filters.http.rbac.v3.RBACPerRoute', {
    rbac: {
      rules: {
        action: 'ALLOW',
        policies: {
          permissions: {
            permissions: [{ any: true }],
            principals: [{ and_ids: { ids: permissions.map((permission) => has(permission, claim)) } }],
          },
        },
      },
    },
  })
}

function has(permission: string, claim: string): Json {
  return {
    sourced_metadata: {
      metadata_matcher: {
        filter: tokenMetadata.filter,
        path: [{ key: tokenMetadata.payload }, { key: claim }],
        value: { list_match: { one_of: { string_match: { exact: permission } } } },
      },
    },
  }
}
