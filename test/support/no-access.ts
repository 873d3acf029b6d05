import type { ApiParts } from '#control-plane/api/v1.ts'
import { permissions } from '#shared/access/permissions.ts'

/** Of an API where anybody may do everything, and no token is kept. */
export const noAccess: ApiParts['access'] = {
  callerOf: () => ({ kind: 'open', name: 'open', permissions }),
  csrfOf: () => undefined,
  required: () => false,
  store: {
    changeApiTokens: async () => true,
    apiToken: async () => undefined,
    apiTokens: async () => [],
    readAudit: async () => [],
    auditChain: async () => ({ head: { seq: 0, hash: '' }, dropped: { seq: 0, hash: '' } }),
  },
  onChanged: () => {},
  draft: () => undefined,
  lifetimeMs: 1_000,
  now: Date.now,
}

/** Where nobody can sign in. */
export const nobody: ApiParts['people'] = {
  callerOf: noAccess.callerOf,
  store: {
    users: async () => [],
    user: async () => undefined,
    addUser: async () => true,
    changeUser: async () => true,
    addSignInLink: async () => true,
    sessions: async () => [],
    session: async () => undefined,
    endSession: async () => true,
  },
  onChanged: () => {},
  draft: () => undefined,
  url: 'http://127.0.0.1:8888',
  linkMs: 60_000,
  now: Date.now,
}
