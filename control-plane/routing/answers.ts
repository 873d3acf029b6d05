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
  body: '{"status":400,"title":"The path can be read in two ways."}\n',
}

/** What came is not a request that can be understood, or it is one that no server may be asked. */
export const badRequest: OwnAnswer = {
  status: 400,
  contentType,
  body: '{"status":400,"title":"This request cannot be understood."}\n',
}

/** The route asks for a token, and there is none, or it is not valid. */
export const noToken: OwnAnswer = {
  status: 401,
  contentType,
  body: '{"status":401,"title":"A valid token is needed here."}\n',
}

/** The token is valid but lacks a permission that the route asks for. */
export const noPermission: OwnAnswer = {
  status: 403,
  contentType,
  body: '{"status":403,"title":"The token does not permit this."}\n',
}

/** The connection is to become a WebSocket, which the route does not allow. */
export const noWebsocket: OwnAnswer = {
  status: 403,
  contentType,
  body: '{"status":403,"title":"There is no WebSocket here."}\n',
}

/** No proxy passes this method on. */
export const noSuchMethod: OwnAnswer = {
  status: 405,
  contentType,
  body: '{"status":405,"title":"This method is not taken."}\n',
}

/** The body is longer than the route allows. */
export const tooLarge: OwnAnswer = {
  status: 413,
  contentType,
  body: '{"status":413,"title":"The body of this request is too large."}\n',
}

export const pathTooLong: OwnAnswer = {
  status: 414,
  contentType,
  body: '{"status":414,"title":"The path of this request is too long."}\n',
}

/** The rate of the route, or of the client, is used up. */
export const tooMany: OwnAnswer = {
  status: 429,
  contentType,
  body: '{"status":429,"title":"Too many requests."}\n',
}

export const headersTooLarge: OwnAnswer = {
  status: 431,
  contentType,
  body: '{"status":431,"title":"The headers of this request are too large."}\n',
}

/** Who asks could not be checked, or the gateway itself is in trouble: then nothing is let in. */
export const cannotCheck: OwnAnswer = {
  status: 503,
  contentType,
  body: '{"status":503,"title":"The gateway cannot check this request now."}\n',
}

/** The gateway is about to be taken out of service: balancers in front send it nothing more. */
export const draining: OwnAnswer = { status: 503, contentType: 'application/json', body: '{"status":"draining"}\n' }

/** The gateway serves. */
export const serving: OwnAnswer = { status: 200, contentType: 'application/json', body: '{"status":"serving"}\n' }
