/** The types of all that Heddle's renderer says with a type, after `type.googleapis.com/envoy.`. Whatever else Envoy was built with is not taken. */
export const allowedTypes: ReadonlySet<string> = new Set([
  'config.cluster.v3.Cluster',
  'config.endpoint.v3.ClusterLoadAssignment',
  'config.listener.v3.Listener',
  'config.route.v3.FilterConfig',
  'config.route.v3.RouteConfiguration',
  'extensions.access_loggers.file.v3.FileAccessLog',
  'extensions.access_loggers.filters.cel.v3.ExpressionFilter',
  'extensions.filters.http.body_size_limit.v3.BodySizeLimit',
  'extensions.filters.http.composite.v3.Composite',
  'extensions.filters.http.composite.v3.CompositePerRoute',
  'extensions.filters.http.composite.v3.ExecuteFilterAction',
  'extensions.filters.http.cors.v3.Cors',
  'extensions.filters.http.cors.v3.CorsPolicy',
  'extensions.filters.http.ext_authz.v3.ExtAuthz',
  'extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
  'extensions.filters.http.health_check.v3.HealthCheck',
  'extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  'extensions.filters.http.jwt_authn.v3.PerRouteConfig',
  'extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  'extensions.filters.http.rbac.v3.RBAC',
  'extensions.filters.http.rbac.v3.RBACPerRoute',
  'extensions.filters.http.router.v3.Router',
  'extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  'extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  'extensions.http.original_ip_detection.xff.v3.XffConfig',
  'extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
  'extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'extensions.transport_sockets.tls.v3.Secret',
  'extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'extensions.upstreams.http.v3.HttpProtocolOptions',
])

/** Every field that Heddle's renderer writes, in the words of Envoy's own documentation. Envoy takes other spellings, the agent none. */
export const allowedFields: ReadonlySet<string> = new Set(
  `@type access_log action actions address address_prefix allow_credentials allow_headers allow_methods allow_origin_string_match
  allowed_upstream_headers alpn_protocols always_consume_default_token_bucket always_set_request_id_in_response and_filter and_ids any append
  append_action async_fetch audiences authorization_request authorization_response base_ejection_time base_interval body
  body_format_override budget_percent cache_duration certificate_chain check_settings cidrs circuit_breakers claim_name claim_to_headers
  cluster cluster_name clusters code codec_type common_http_protocol_options common_lb_config common_tls_context comparison config_source
  connect_timeout connection_properties consecutive_gateway_failure content_type cookie default_value denominator descriptor_key
  descriptors direct_response disable_shadow_host_suffix_append disabled domains early_header_mutation_extensions eds_cluster_config
  eds_config enabled endpoint endpoints enforcing_consecutive_5xx enforcing_consecutive_gateway_failure enforcing_success_rate entries exact
  explicit_http_config expose_headers expression extension_filter failed_refetch_duration failed_status_in_metadata failure_mode_allow
  fast_listener filename fill_interval filter filter_chain_match filter_chains filter_enabled filter_enforced filter_metadata filters flags
  forward from_headers generate_request_id hash_policy header header_filter header_name headers headers_to_add healthy_panic_threshold
  host_redirect host_selection_retry_max_attempts hostname http2_protocol_options http_filters http_protocol_options http_service http_uri
  https_redirect idle_timeout ids ignore_health_on_host_removal ignore_port_in_host_matching initial_connection_window_size
  initial_stream_window_size inline_string interval invert_match issuer json_format keepalive_interval keepalive_probes keepalive_time key
  key_matcher lb_endpoints lb_policy least_request_lb_config list_match listener_filters load_assignment load_balancing_weight
  local_reply_config locality log_format mappers match match_if_key_not_found match_typed_subject_alt_names matcher max_age
  max_concurrent_streams max_connections max_direct_response_body_size_bytes max_dynamic_descriptors max_ejection_percent
  max_ejection_time max_interval max_pending_requests max_request_bytes max_requests max_tokens merge_slashes metadata metadata_filter
  metadata_key metadata_matcher min_retry_concurrency mutations name normalize_path normalize_payload_in_metadata num_retries numerator
  on_no_match one_of op original_ip_detection_extensions outlier_detection overprovisioning_factor pass_through_mode path
  path_config_source path_override path_redirect path_separated_prefix path_with_escaped_slashes_action pattern patterns
  payload_in_metadata per_connection_buffer_limit_bytes per_host_thresholds permissions policies policy port_redirect port_value prefix
  prefix_len present_match preserve_external_request_id principals priority private_key provider_name providers query_parameters rate
  rate_by_address rate_limits rbac rds redirect regex regex_rewrite region remote_address remote_jwks remove_on_match
  request_body_buffer_limit request_headers request_headers_timeout request_headers_to_add request_headers_to_remove
  request_mirror_policies requirement_map requirement_name resource_api_version response_code response_flag_filter
  response_headers_to_add response_headers_to_remove retry_back_off retry_budget retry_host_predicate retry_on retry_policy
  retry_priority round_robin_lb_config route route_config_name routes rules runtime_fraction runtime_key safe_regex san_type
  scheme_redirect sds_config server_names server_uri skip_if_absent skip_xff_append slow_start_config slow_start_window sni socket_address
  source source_ip sourced_metadata space_delimited_claims stat_prefix status status_code status_code_filter status_on_error
  stream_idle_timeout string_match substitution tcp_keepalive terminal text_format_source thresholds timeout tls_certificate
  tls_certificate_sds_secret_configs tls_minimum_protocol_version tls_params token_bucket tokens_per_fill transport_api_version
  transport_socket treat_missing_header_as_empty trusted_ca type typed_config typed_extension_protocol_options typed_per_filter_config
  update_frequency upgrade_configs upgrade_type upstream_connection_options upstream_log uri use_hash_policy use_remote_address
  validation_context value value_prefix virtual_hosts weight weighted_clusters xff_trusted_cidrs`.split(/\s+/),
)

/** Fields under which names are given freely. What they hold is looked at all the same. */
export const freelyNamed: ReadonlySet<string> = new Set([
  'filter_metadata',
  'json_format',
  'policies',
  'providers',
  'requirement_map',
  'typed_extension_protocol_options',
  'typed_per_filter_config',
])

/** What Envoy is asked to put into texts. There are others that read files and the environment of the host. */
export const allowedCommands: ReadonlySet<string> = new Set([
  'BYTES_SENT',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DURATION',
  'EMIT_TIME',
  'PROTOCOL',
  'REQ',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_FLAGS',
  'ROUTE_NAME',
  'START_TIME',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_HOST',
  'UPSTREAM_HOST_NAME_WITHOUT_PORT',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
])
/** Fields below which Envoy puts something into every text. */
export const formatted: ReadonlySet<string> = new Set([
  'body_format_override',
  'headers_to_add',
  'json_format',
  'log_format',
  'mutations',
  'request_headers_to_add',
  'response_headers_to_add',
])
