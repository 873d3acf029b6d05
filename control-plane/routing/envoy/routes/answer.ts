import type { OwnAnswer } from '../../answers.ts'
import { setHeader } from '../headers.ts'
import type { Json } from '../json.ts'

/** A route's fields for an answer that the proxy gives by itself. */
export function answerFields({ status, contentType, body }: OwnAnswer): Json {
  return {
    direct_response: { status, ...(body === '' ? {} : { body: { inline_string: body } }) },
    response_headers_to_add: [setHeader('content-type', contentType)],
  }
}
