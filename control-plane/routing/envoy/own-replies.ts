import { ambiguousPath, instanceFailed, instanceTooSlow, noInstance, type OwnAnswer } from '../answers.ts'
import type { Json } from './json.ts'

/** What Envoy says where it answers itself; the first that fits. Envoy's flags say why it does. */
export const ownReplies: readonly Json[] = [
  // No healthy upstream; no such cluster.
  { filter: flagged('UH', 'NC'), ...said(noInstance) },
  // The route's time is over.
  { filter: flagged('UT'), ...said(instanceTooSlow) },
  // Not connected; connection ended, or reset, or answered what is not HTTP.
  { filter: flagged('UF', 'UC', 'UR', 'UPE'), ...said(instanceFailed) },
  // What is not HTTP is told in Envoy's words: any other 400 of its own is about the path.
  { filter: flagged('DPE') },
  {
    filter: { status_code_filter: { comparison: { op: 'EQ', value: { default_value: 400, runtime_key: 'heddle' } } } },
    ...said(ambiguousPath),
  },
]

function flagged(...flags: readonly string[]): Json {
  return { response_flag_filter: { flags } }
}

function said({ status, contentType, body }: OwnAnswer): Json {
  return {
    status_code: status,
    body_format_override: {
      text_format_source: { inline_string: body.replaceAll('%', '%%') },
      content_type: contentType,
    },
  }
}
