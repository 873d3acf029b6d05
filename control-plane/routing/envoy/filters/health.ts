import { type Json, typed } from '../json.ts'
import { quoted } from '../routes/regex.ts'
import { filterNames } from './names.ts'

/** Requests for the health path, with any query. */
export function forHealth(path: string): Json {
  return { name: ':path', string_match: { safe_regex: { regex: `${quoted(path)}/?(?:\\?.*)?` } } }
}

/** Answers the health path before all else: 200 while Envoy serves, 503 once it drains. */
export function healthFilter(path: string): Json {
  return {
    name: filterNames.health,
    typed_config: typed('extensions.filters.http.health_check.v3.HealthCheck', {
      pass_through_mode: false,
      headers: [forHealth(path)],
    }),
  }
}
