/**
 * What every answer says to browsers and caches on its way: it is what its type says and nothing else, nobody keeps it, and as a page it
 * loads nothing and stands in no other page.
 */
export const answerHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const
