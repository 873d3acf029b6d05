/**
 * What each key of a declaration means, by its path: `*` stands for a name that people choose, `[]` for an entry of a list. The JSON Schema
 * and docs/declaration.md are made with it; a test holds that no key is without its meaning.
 */
export const meanings: Readonly<Record<string, string>> = {
  gateways:
    'The gateways by name. An Envoy that asks the plane names its gateway as its `node.cluster`; agents name those that they run.',
  'gateways.*': 'All proxies of one kind that serve the same.',
  'gateways.*.proxy': 'Which proxy it is.',
  'gateways.*.delivery':
    'How an Envoy gets what it serves: `xds` by its stream to the plane, `files` by the agent on its node. `xds` unless said; Nginx takes files only.',
  'gateways.*.site': 'The site of its proxies, as their nodes name it: what is there is near (`services.*.locality`).',
  'gateways.*.cluster': 'The cluster of its proxies.',
  'gateways.*.mode': '`apply` gives the proxies what is declared; `observe` only shows it.',
  'gateways.*.listeners': 'Where requests come in; at least one.',
  'gateways.*.listeners[].name': 'Unique within its gateway; `port-<port>` unless said.',
  'gateways.*.listeners[].address': 'The IP address that is listened on.',
  'gateways.*.listeners[].port': 'The port that is listened on.',
  'gateways.*.listeners[].client': 'The client whose requests come in here; instances are told it as `x-client-id`.',
  'gateways.*.listeners[].tls': 'The listener speaks TLS; without it plain HTTP.',
  'gateways.*.listeners[].tls.certificates': 'At least one certificate; SNI chooses by name.',
  'gateways.*.listeners[].tls.certificates[].cert':
    "PEM file on the proxy's machine: the certificate and those between it and the authority.",
  'gateways.*.listeners[].tls.certificates[].key': "PEM file on the proxy's machine: its key.",
  'gateways.*.listeners[].tls.certificates[].hosts':
    'For which names it is shown; without any, for all that no other certificate has.',
  'gateways.*.listeners[].tls.min_version': 'The oldest version of TLS that is spoken.',
  'gateways.*.listeners[].tls.http2': 'Whether HTTP/2 is offered.',
  'gateways.*.listeners[].redirect_to_https':
    "Every request is sent to https at this port, but those for ACME's http-01 challenges.",
  'gateways.*.listeners[].proxy_protocol': 'Connections begin with PROXY protocol, version 1 or 2.',
  'gateways.*.access_log': "Absolute path on the proxy's machine: one JSON line a request. No log unless said.",
  'gateways.*.attempt_log':
    'Absolute path: one JSON line for each attempt on an instance. Nginx tells attempts in its access log.',
  'gateways.*.trusted_proxies':
    'Addresses and networks of balancers in front, whose `x-forwarded-for` is believed for limits, ip hash and logs.',
  'gateways.*.health_path': 'Answers 200 while the gateway serves, for balancers in front.',
  'gateways.*.authorizer': 'Where the agent beside the proxies checks tokens: a loopback address and port.',
  'gateways.*.auth': 'What its routes ask for unless they say something else: the name of an authenticator, or `open`.',

  clients: 'Clients that come in by listeners of their own, by id.',
  'clients.*.rate': 'What the client may send on all its listeners together.',
  'clients.*.rate.requests': 'How many requests in a second, minute or hour, such as `100/s`, `600/m` or `10000/h`.',
  'clients.*.rate.burst': "How many may come at once; a second's worth unless said, at least 1.",
  'clients.*.rate.by': '`route` counts all requests of the client together, `address` those of each client address.',

  authentication: 'Ways in which tokens are checked, by name. `open` is no name: it stands for none.',
  'authentication.*.jwt': 'Signed tokens, checked against a key set. Either this or `external`.',
  'authentication.*.jwt.issuer': 'The issuer that tokens must name.',
  'authentication.*.jwt.audiences': 'One of these must be among the audiences of the token; empty: any.',
  'authentication.*.jwt.keys': 'Where the key set (JWKS) is had.',
  'authentication.*.jwt.keys.service': 'The service of the fleet that publishes it.',
  'authentication.*.jwt.keys.path': 'Its path there.',
  'authentication.*.jwt.keys.refresh': 'How often it is read again.',
  'authentication.*.jwt.permissions_claim':
    'The claim that lists permissions: a list of texts, or one text with spaces.',
  'authentication.*.external': 'A service is asked about each token, and its answer is kept for a while.',
  'authentication.*.external.service': 'The service of the fleet that is asked.',
  'authentication.*.external.path': 'The path that is asked there.',
  'authentication.*.external.timeout': 'Without an answer by then the request is refused with 503.',
  'authentication.*.external.cache': 'How long an answer holds for the same token.',
  'authentication.*.external.permissions_claim': 'The key of its answer that lists permissions.',

  services:
    'What differs from the defaults for services of the fleet, by name. Others need not be declared. A name that ends in `*` is that of routes which lead to all services that begin so, as one.',
  'services.*.balance':
    'How requests are spread over instances. `weighted` means `round_robin`, `least_connections` means `least_request`; `ip_hash` sends one address to the same instance; `random` takes all alike, whatever their weights.',
  'services.*.outlier_ejection':
    'Whether an instance that fails several times in a row is left out for a while; or how many failures, and for how long.',
  'services.*.outlier_ejection.failures':
    'So many failures in a row: refused, reset, not answered; in Envoy also answers 502 to 504.',
  'services.*.outlier_ejection.for': 'How long the instance is left out.',
  'services.*.connect_timeout': 'Then another instance is tried.',
  'services.*.idle_timeout':
    "Idle connections are closed after this; it must be shorter than the servers' own keep-alive (5 s is common).",
  'services.*.max_connections':
    'So many connections an instance gets at once from one proxy; a request that finds none free is answered 503. No limit unless said.',
  'services.*.dynamic_weights':
    'Weights follow the measured load, errors and latency of instances, from a tenth to the whole of what is declared (federation.md).',
  'services.*.panic_threshold':
    'With less than this percentage of its instances callable, those are called as well that only their checks condemn: neither confirmed dead nor taken out of service. 0: never.',
  'services.*.locality':
    'Whether gateways call what is near before what is far; or in which order, and when another level serves. A gateway that leads here must say its `site` or its `cluster`.',
  'services.*.locality.order':
    'The levels, nearest first: `site` is the same site as the gateway, `cluster` its cluster, `other` whatever is left. An instance belongs to the first that fits; one that none fits is not called.',
  'services.*.locality.fail_over_below':
    'A level of which less than this percentage of its instances can be called does not serve while another one holds; 0: it serves to its last instance.',
  'services.*.locality.return_after': 'A nearer level serves again when it has held for so long without a break.',
  'services.*.slow_start': 'A new instance gets its share gradually over this time. Envoy only.',
  'services.*.tls': 'Instances speak TLS.',
  'services.*.tls.name': 'The name that their certificate must have; it is also told to them (SNI).',
  'services.*.tls.ca': "PEM file on the proxy's machine with the authorities that are believed.",
  'services.*.cluster': 'Only instances of this cluster are called; of any unless said.',

  splits: 'Services of which a new version, the canary, gets its requests step by step, by name (docs/routing.md).',
  'splits.*':
    'Every route that leads to this service alone is split. Nothing goes to the canary until the split is started.',
  'splits.*.canary':
    'Who is the new version: another service, or some of the instances of this one. One of its keys must be said.',
  'splits.*.canary.service': 'The service of the fleet that is the new version.',
  'splits.*.canary.metadata': 'Instances of this service that have all of this metadata, such as `{ version: "2.1" }`.',
  'splits.*.canary.tag': 'Instances of this service that have this tag.',
  'splits.*.cohort':
    'Conditions on headers, as of routes: from the first step on, requests that fulfil all of them go to the canary.',
  'splits.*.by':
    'By what a user is known and kept on one side: `{ header: name }`, `{ cookie: name }`, or `address`. Whoever does not bring it is known by the address.',
  'splits.*.by.header': 'The header that tells the user, such as `x-user-id`.',
  'splits.*.by.cookie': 'The cookie that tells the user; small letters, digits and `_`.',
  'splits.*.steps':
    'What goes to the canary, step by step: `cohort` first, if there is one, then rising shares of the users up to `100%`. `["100%"]` is blue-green.',
  'splits.*.hold': 'A step lasts at least so long.',
  'splits.*.gate': 'What the canary may not do worse than the baseline, as counted over the same time.',
  'splits.*.gate.requests':
    'With fewer requests of the canary, or of the baseline while that gets any, nothing is concluded: the step waits.',
  'splits.*.gate.window': 'How far back is looked, at most to the beginning of the step.',
  'splits.*.gate.errors': "Of a hundred of the canary's requests so many more may fail than of the baseline's.",
  'splits.*.gate.slower':
    "By so many percent the canary's answers may take longer than the baseline's, by their P95; not looked at unless said.",
  'splits.*.keep': 'After the last step the baseline can take everything back for so long, and the gate looks on.',

  routes: 'Which requests lead where. The most specific route that takes a request answers it (docs/routing.md).',
  'routes[].name': 'Unique within its gateways; counters and logs carry it. Made from the path unless said.',
  'routes[].gateways': 'On which gateways; on all unless said.',
  'routes[].clients': 'Only on listeners of these clients; empty: on any.',
  'routes[].hosts': 'Only for these names; `*.example.com` takes every name below. Empty: any.',
  'routes[].exact': 'Takes just this path. One of `exact`, `prefix` and `template` must be said.',
  'routes[].prefix': 'Takes this path and everything below it.',
  'routes[].template': 'Takes paths with as many parts; `{name}` stands for any part that is not empty.',
  'routes[].methods': 'Only these methods; empty: any.',
  'routes[].headers':
    'Conditions on headers by name: a text that the first value must be, or true or false for whether it must be there.',
  'routes[].query':
    'Conditions on query parameters by name, as for headers; values are compared as they stand in the URL.',
  'routes[].service':
    'Where it leads; a name that ends in `*` stands for all services that begin so. One of `service`, `services`, `redirect` and `answer` must be said.',
  'routes[].services': 'Several services, each request to one of them by weight.',
  'routes[].services[].service': 'One of them.',
  'routes[].services[].weight': 'Its share, counted against the sum of all weights.',
  'routes[].redirect': 'Requests are sent elsewhere; what is not said stays as it was asked.',
  'routes[].redirect.status': 'The status of the redirect.',
  'routes[].redirect.scheme': 'Another scheme.',
  'routes[].redirect.host': 'Another host.',
  'routes[].redirect.port': 'Another port.',
  'routes[].redirect.path': 'Replaces the whole path; the query stays.',
  'routes[].answer': 'The proxy answers itself.',
  'routes[].answer.status': 'The status of the answer.',
  'routes[].answer.content_type': 'Its content type.',
  'routes[].answer.body': 'Its body.',
  'routes[].path':
    'What becomes of the path: `strip` takes the prefix off, `keep` leaves it, `{ rewrite: /other }` replaces what was matched. Must be said for a prefix.',
  'routes[].path.rewrite': 'What replaces it; may name parts of a template.',
  'routes[].timeout': 'For the whole answer; `none` for streams.',
  'routes[].retries': 'How often a refused or reset request goes to another instance.',
  'routes[].websocket': 'Whether connections may be upgraded.',
  'routes[].mirror': 'Copies of requests go there as well, and their answers to nobody.',
  'routes[].mirror.service': 'The service that gets the copies.',
  'routes[].mirror.percent': 'Of a hundred requests so many are copied.',
  'routes[].auth': 'The name of an authenticator, or `open`; as the gateway says unless said.',
  'routes[].permissions': 'The token must carry all of these; otherwise 403.',
  'routes[].rate': 'How much may come in by this route; more is answered 429.',
  'routes[].rate.requests': 'How many requests in a second, minute or hour, such as `100/s`, `600/m` or `10000/h`.',
  'routes[].rate.burst': "How many may come at once; a second's worth unless said, at least 1.",
  'routes[].rate.by': '`route` counts all requests together, `address` those of each client address.',
  'routes[].cors': 'Which pages of other origins may ask from browsers.',
  'routes[].cors.origins': 'Origins such as `https://app.example.com`; `*` alone: any, without credentials.',
  'routes[].cors.methods': 'What they may ask with.',
  'routes[].cors.headers': 'Which headers they may send.',
  'routes[].cors.expose': 'Which headers of the answer they may read.',
  'routes[].cors.credentials': 'Whether cookies and the like may come along.',
  'routes[].cors.max_age': 'How long a browser may remember this.',
  'routes[].max_body':
    "The size that a request's body may have, such as `512kb` or `10mb`; more is answered 413. `64mb` unless said.",
  'routes[].request_headers': 'What is done to the headers of requests.',
  'routes[].request_headers.set': 'Headers by name; what was there is replaced.',
  'routes[].request_headers.remove': 'Names of headers that are taken off.',
  'routes[].response_headers': 'What is done to the headers of answers.',
  'routes[].response_headers.set': 'Headers by name; what was there is replaced.',
  'routes[].response_headers.remove': 'Names of headers that are taken off.',
}
