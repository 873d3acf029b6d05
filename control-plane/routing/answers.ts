/** An answer that a proxy gives itself, in the same words whichever proxy it is. */
export type OwnAnswer = { readonly status: number; readonly contentType: string; readonly body: string }

const contentType = 'application/problem+json'

/** A route took the request, but none of its service's instances can be called now. */
export const noInstance: OwnAnswer = {
  status: 503,
  contentType,
  body: '{"status":503,"title":"No instance of this service can be called now."}\n',
}

/** No route takes the request. */
export const noRoute: OwnAnswer = {
  status: 404,
  contentType,
  body: '{"status":404,"title":"No route leads here."}\n',
}

/** An instance took the connection or refused it, but gave no answer, and there was none to try instead. */
export const instanceFailed: OwnAnswer = {
  status: 503,
  contentType,
  body: '{"status":503,"title":"An instance of this service failed to answer."}\n',
}

/** An instance took longer than the route allows. */
export const instanceTooSlow: OwnAnswer = {
  status: 504,
  contentType,
  body: '{"status":504,"title":"An instance of this service did not answer in time."}\n',
}

/** The path holds an escaped slash or backslash, which proxies and servers read differently. */
export const ambiguousPath: OwnAnswer = {
  status: 400,
  contentType,
  body: '{"status":400,"title":"A path must not hold an escaped slash."}\n',
}
