/** Which paths a route takes. Paths are in their normal form (`table/normal-path.ts`), without a slash at their end but for "/". */
export type PathMatch =
  /** This path alone, with or without a slash at its end. */
  | { readonly kind: 'exact'; readonly path: string }
  /** This path and all below it, part by part. */
  | { readonly kind: 'prefix'; readonly path: string }
  /** As many parts as here; one such as `{id}` stands for any part that is not empty. */
  | { readonly kind: 'template'; readonly path: string }

/**
 * A condition on a header or a query parameter. `is`: its first value is this text, byte by byte. A header's first value ends at a comma, and one without a first value is not there; a
 * parameter is compared as it stands in the URL, escapes untouched.
 */
export type Condition =
  | { readonly name: string; readonly is: string }
  | { readonly name: string; readonly present: boolean }

export type Match = {
  /** Lower case, without port; `*.example.com` takes every name below. Empty: any. */
  readonly hosts: readonly string[]
  /** Ids of the clients to whose listeners the route belongs. Empty: any listener. */
  readonly clients: readonly string[]
  readonly path: PathMatch
  /** Upper case. Empty: any. */
  readonly methods: readonly string[]
  /** Names in lower case; all must hold. */
  readonly headers: readonly Condition[]
  readonly query: readonly Condition[]
}
