// Why a directive is not in the declaration. Whatever is not here has no counterpart.

const families: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:worker_\w+|events|user|pid|error_log|load_module|use|multi_accept|daemon|master_process|thread_pool|pcre_jit|env)$/,
    "it belongs to the main configuration, which stays the proxy's own",
  ],
  [
    /^(?:sendfile|tcp_nopush|tcp_nodelay|keepalive_\w+|types|types_hash_\w+|server_names_hash_\w+|variables_hash_\w+|map_hash_\w+|gzip\w*|brotli\w*|log_format|client_header_\w+|client_body_\w+|large_client_header_buffers|send_timeout|reset_timedout_connection|open_file_cache\w*|server_tokens|resolver\w*|charset\w*|lingering_\w+|output_buffers|aio|directio|msie_\w+|ignore_invalid_headers|underscores_in_headers|merge_slashes|absolute_redirect|port_in_redirect|server_name_in_redirect)$/,
    "it is of the whole http block, which stays the proxy's own",
  ],
  [
    /^(?:map|geo|split_clients|perl_set|js_\w+|lua_\w+|access_by_\w+|content_by_\w+)$/,
    'variables and scripts are left alone',
  ],
  [/^set$/, 'there are no variables in a declaration'],
  [
    /^(?:root|index|alias|try_files|autoindex\w*|expires|etag|if_modified_since|fastcgi_\w+|uwsgi_\w+|scgi_\w+|grpc_\w+|memcached_\w+|sub_filter\w*|dav_\w+|mp4\w*|flv)$/,
    'a gateway serves no files and speaks HTTP only: let a service do it',
  ],
  [/^ssl_/, 'Heddle chooses it for all gateways alike'],
  [
    /^proxy_(?:cache\w*|no_cache|store\w*|buffer\w*|busy_buffers_size|max_temp_file_size|temp_\w+)$/,
    'nothing is kept by gateways, and buffers are not declared',
  ],
  [/^(?:access_log|log_not_found|log_subrequest)$/, 'all of a gateway is in one log: say access_log of the gateway'],
  [
    /^(?:error_page|proxy_intercept_errors|recursive_error_pages)$/,
    "a gateway's own answers have the same words everywhere (docs/routing.md)",
  ],
  [/^limit_(?:conn\w*|rate\w*|req_log_level|req_dry_run)$/, 'only the number of requests can be limited'],
  [/^limit_req_status$/, 'what is too much is answered 429'],
  [/^proxy_(?:next_upstream\w*)$/, 'what was refused is tried once more; say retries of the route'],
  [
    /^proxy_(?:http_version|redirect|request_buffering|set_body|method|pass_request_\w+|pass_header|ignore_\w+|cookie_\w+|bind|socket_keepalive|headers_hash_\w+|send_timeout|ssl_\w+|force_ranges|limit_rate)$/,
    'the gateway does this its own way',
  ],
  [/^(?:mirror|mirror_request_body)$/, 'say mirror of the route with the name of the service that gets the copy'],
  [
    /^(?:keepalive\w*|zone|queue|state|sticky\w*|ntlm|hash|health_check\w*|resolver)$/,
    'there is no such way of balancing; agents check instances',
  ],
  [/^(?:stream|mail)$/, 'only HTTP is routed'],
  [/^(?:http2\w*|http3\w*|quic\w*)$/, 'HTTP/2 is said by the listener, HTTP/3 is not spoken'],
]

export function reasonOf(name: string): string {
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? 'there is no such setting'
}

/** Directives that say who may come in. A route that had one is not given out without it. */
export const restrictions = new Set([
  'auth_basic',
  'auth_request',
  'auth_jwt',
  'allow',
  'deny',
  'limit_except',
  'satisfy',
  'secure_link',
  'secure_link_md5',
  'ssl_verify_client',
  'valid_referers',
  'internal',
])
