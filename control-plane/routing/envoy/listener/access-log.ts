import { clientHeader, subjectHeader } from '../headers.ts'
import { type Json, typed } from '../json.ts'

const attemptLine: Json = {
  timestamp: '%START_TIME%',
  at_s: '%EMIT_TIME(%s.%3f)%',
  route: '%ROUTE_NAME%',
  service: '%UPSTREAM_CLUSTER%',
  request_id: '%REQ(X-REQUEST-ID)%',
  instance: '%UPSTREAM_HOST_NAME_WITHOUT_PORT%',
  address: '%UPSTREAM_HOST%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(:PATH)%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  duration_ms: '%DURATION%',
}

/** In the words that nginx's has too, with what only Envoy knows. */
const requestLine: Json = {
  ...attemptLine,
  level: 'info',
  message: '%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  user_id: `%REQ(${subjectHeader})%`,
  client: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  client_id: `%REQ(${clientHeader})%`,
  host: '%REQ(:AUTHORITY)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  bytes: '%BYTES_SENT%',
  details: '%RESPONSE_CODE_DETAILS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  user_agent: '%REQ(USER-AGENT)%',
}

/** One line for each request. */
export function requestLog(path: string, gateway: string): Json {
  return logFile(path, { ...requestLine, gateway })
}

/** One line for each attempt on an instance. */
export function attemptLog(path: string): Json {
  return logFile(path, attemptLine)
}

function logFile(path: string, line: Json): Json {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: typed('extensions.access_loggers.file.v3.FileAccessLog', { path, log_format: { json_format: line } }),
  }
}
