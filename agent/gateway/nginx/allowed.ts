import { drainFileVariable } from '#shared/protocol/gateway-names.ts'
import { isWithin, mayBeLog } from '../allowed-paths.ts'
import { isControlAddress } from '../control-ports.ts'
import type { RefusalRules } from '../refusal-rules.ts'

/**
 * Whether a directive with these words is one that Heddle's renderer writes, where a word may reach beyond what it serves.
 * @param head the first word of the block around it
 */
type Judge = (args: readonly string[], rules: RefusalRules, head: string) => boolean

const anyhow: Judge = () => true
/** Each word has to fit. */
const words =
  (pattern: RegExp): Judge =>
  (args) =>
    args.length > 0 && args.every((word) => pattern.test(word))
const certificate: Judge = (args, { allow }) => args.length === 1 && isWithin(args[0] ?? '', allow.certificates)

/** Heddle's own variables; the one that names a file is the agent's to say. */
const ownVariable = (word = '') => /^\$heddle_[a-z0-9_]+$/.test(word) && !word.endsWith(`_${drainFileVariable}`)
const drainFile = new RegExp(`^\\$heddle_[a-z0-9_]+_${drainFileVariable}$`)
/** A regular expression that gives a value to that variable. */
export const namesDrainFile = new RegExp(`[<']heddle_[a-z0-9_]+_${drainFileVariable}[>']`)
const place = /^@heddle_[a-z0-9_]+$/

/** Never a socket of the host (`unix:`), nor a variable that could name one. */
const upstream = /^https?:\/\/heddle_[a-z0-9_]+(?:\/[a-z]+)?(?:\$heddle_[a-z0-9_]+)*$/
const socket = /^(?:\[[0-9a-f:.]+\]|(?!unix:)[a-z0-9._-]+):\d{1,5}$/i

const log: Judge = (args, { allow }) => {
  const [path = '', format = 'heddle_', ...more] = args
  if (path === 'off') return args.length === 1
  return more.length === 0 && /^heddle_[a-z0-9_]*$/.test(format) && mayBeLog(path, allow)
}
const server: Judge = ([address = ''], { controlPorts }) =>
  socket.test(address) && !isControlAddress(address, controlPorts)
const condition: Judge = (args) =>
  (args.length === 2 && args[0] === '(-f' && drainFile.test(args[1]?.replace(/\)$/, '') ?? '')) ||
  /^\(\$heddle_[a-z0-9_]+(?: = .*)?\)$/s.test(args.join(' '))

const policies: Readonly<Record<string, Judge>> = {
  access_log: log,
  add_header: anyhow,
  client_max_body_size: anyhow,
  default_type: anyhow,
  error_page: (args) => /^(?:@heddle_[a-z0-9_]+|\/\/heddle-\d+)$/.test(args.at(-1) ?? ''),
  keepalive_timeout: anyhow,
  proxy_hide_header: anyhow,
  proxy_next_upstream: anyhow,
  proxy_set_header: anyhow,
  set: ([variable]) => ownVariable(variable),
}

/** What a server has, whatever comes in. */
const serverDirectives: Readonly<Record<string, Judge>> = {
  ...policies,
  auth_request_set: ([variable]) => ownVariable(variable),
  charset: anyhow,
  client_body_buffer_size: anyhow,
  client_body_timeout: anyhow,
  client_header_timeout: anyhow,
  http2_max_concurrent_streams: anyhow,
  keepalive_requests: anyhow,
  large_client_header_buffers: anyhow,
  limit_req_log_level: anyhow,
  limit_req_status: anyhow,
  listen: ([address = '']) => socket.test(address),
  location: anyhow,
  merge_slashes: anyhow,
  proxy_buffer_size: anyhow,
  proxy_buffering: words(/^off$/),
  proxy_buffers: anyhow,
  proxy_busy_buffers_size: anyhow,
  proxy_http_version: anyhow,
  proxy_ignore_headers: anyhow,
  proxy_intercept_errors: anyhow,
  proxy_redirect: words(/^off$/),
  real_ip_header: anyhow,
  real_ip_recursive: anyhow,
  reset_timedout_connection: anyhow,
  send_timeout: anyhow,
  server_name: anyhow,
  server_tokens: anyhow,
  set_real_ip_from: (args) => !/^unix:/i.test(args[0] ?? ''),
  ssl_certificate: certificate,
  ssl_certificate_key: certificate,
  ssl_protocols: anyhow,
  ssl_session_cache: words(/^shared:heddle_[a-z0-9_]+:\d+m$/),
  ssl_session_timeout: anyhow,
  types: (args) => args.length === 0,
  underscores_in_headers: anyhow,
}

const locationDirectives: Readonly<Record<string, Judge>> = {
  ...policies,
  auth_request: words(/^heddle-[a-z0-9-]+$/),
  if: condition,
  internal: anyhow,
  limit_req: anyhow,
  mirror: words(/^heddle-[a-z0-9-]+$/),
  proxy_connect_timeout: anyhow,
  proxy_method: anyhow,
  proxy_next_upstream_timeout: anyhow,
  proxy_next_upstream_tries: anyhow,
  proxy_pass: words(upstream),
  proxy_pass_request_body: anyhow,
  proxy_pass_request_headers: anyhow,
  proxy_read_timeout: anyhow,
  proxy_send_timeout: anyhow,
  proxy_ssl_name: anyhow,
  proxy_ssl_protocols: anyhow,
  proxy_ssl_server_name: anyhow,
  proxy_ssl_trusted_certificate: certificate,
  proxy_ssl_verify: anyhow,
  proxy_ssl_verify_depth: anyhow,
  return: anyhow,
  rewrite: anyhow,
  // Nothing lies there: a place that answers by itself looks for a file only to have its limits looked at before.
  root: words(/^\/dev\/null$/),
  try_files: (args) => args.length === 2 && args[0] === '/none' && place.test(args[1] ?? ''),
}

/**
 * Every directive that Heddle's renderer writes, by the block that it stands in. Of blocks that hold entries, what an entry may be called;
 * there is none that is read from a file. A directive that joins the renderer is one entry here.
 */
export const allowedDirectives: Readonly<Record<string, Readonly<Record<string, Judge>> | Judge>> = {
  http: {
    geo: (args) => args.length === 1 && (ownVariable(args[0]) || drainFile.test(args[0] ?? '')),
    limit_req_zone: anyhow,
    log_format: ([name = '']) => /^heddle_[a-z0-9_]+$/.test(name),
    map: (args) => args.length === 2 && ownVariable(args[1]),
    server: anyhow,
    split_clients: (args) => args.length === 2 && ownVariable(args[1]),
    upstream: words(/^[A-Za-z0-9_]+$/),
  },
  server: serverDirectives,
  location: locationDirectives,
  if: { default_type: anyhow, return: anyhow, rewrite: anyhow },
  upstream: {
    hash: anyhow,
    keepalive: anyhow,
    keepalive_timeout: anyhow,
    least_conn: anyhow,
    random: anyhow,
    server,
    zone: words(/^(?:heddle_[a-z0-9_]+|\d+k)$/),
  },
  map: ([name]) => name !== 'include',
  // Which file has a gateway drain, the agent says; what the plane says leads nowhere.
  geo: ([name, value], _, head) => name === 'default' && (!drainFile.test(head) || value === '/dev/null/none'),
  split_clients: ([name = '']) => /^(?:\*|\d{1,3}(?:\.\d{1,2})?%)$/.test(name),
  types: () => false,
}
