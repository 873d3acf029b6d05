import fc from 'fast-check'
import t from 'tap'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { contradictionText, remarkText } from '../merge.ts'
import { declarationText } from '../routes/declaration-text.ts'
import { parseNginx } from './parse.ts'
import { draftNginx } from './to-draft.ts'

const plain = { gateway: 'edge', proxy: 'nginx' as const, services: new Map<string, string>() }

function imported(http: string, services: Readonly<Record<string, string>> = {}) {
  const { directives, problems } = parseNginx(`http {\n${http}\n}`, 'nginx.conf')
  const drafted = draftNginx(
    { directives, problems, notes: [] },
    { ...plain, services: new Map(Object.entries(services)) },
  )
  const text = declarationText(drafted.draft, 'Imported.')
  return { ...drafted, text, said: drafted.notes.map(remarkText), parsed: parseDeclaration([{ file: 'r.yaml', text }]) }
}

/** Path and action of each route, as a reader sees them. */
const routesOf = (http: string) =>
  imported(http).draft.routes.map(({ value: { name: _, timeout: __, max_body: ___, ...rest } }) => rest)

const up = 'upstream users { server 10.0.0.1:8081; }'

t.test('what restricts who may come in is never left out of a route that is given out', async (t) => {
  for (const restriction of [
    'auth_basic "x";',
    'auth_request /check;',
    'allow 10.0.0.0/8; deny all;',
    'deny 10.0.0.1;',
    'satisfy any; auth_basic x;',
    'limit_except GET { deny all; }',
    'if ($http_x_token = "") { return 403; }',
    'internal;',
  ]) {
    const location = `location /a/ { ${restriction} proxy_pass http://users; }`
    t.match(
      routesOf(`${up} server { listen 80; ${location} }`),
      [{ prefix: '/a', answer: { status: 503 } }],
      restriction,
    )
    if (!/if|limit|internal/.test(restriction)) {
      const outside = `${up} server { listen 80; ${restriction} location /a/ { proxy_pass http://users; } }`
      t.match(routesOf(outside), [{ prefix: '/a', answer: { status: 503 } }], `around: ${restriction}`)
    }
  }
  t.match(routesOf(`${up} server { auth_basic x; location / { auth_basic off; proxy_pass http://users; } }`), [
    { prefix: '/', service: 'users' },
  ])
  t.match(routesOf(`${up} server { location /no { deny all; proxy_pass http://users; } }`), [
    { answer: { status: 403 } },
  ])
})

t.test('what a location says replaces what is said around it, as in nginx', async (t) => {
  const { draft } = imported(`${up} add_header X-A 1; client_max_body_size 5m;
    server { location / { proxy_pass http://users; add_header X-B 2 always; } location /b/ { proxy_pass http://users; proxy_read_timeout 5; } }`)
  t.match(
    draft.routes.map(({ value }) => value),
    [
      { response_headers: { set: { 'x-b': '2', 'x-a': undefined } }, max_body: '5mb', timeout: '1m' },
      { response_headers: { set: { 'x-a': '1' } }, timeout: '5s' },
    ],
  )
})

t.test('ports on which all is sent to https are listeners of the gateway that it leads to', async (t) => {
  const { draft, parsed } = imported(`${up}
    server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }
    server { listen 443 ssl; server_name a.example; ssl_certificate /c.pem; ssl_certificate_key /k.pem; location / { proxy_pass http://users; } }`)
  t.strictSame(parsed.problems, [])
  t.match(
    [...draft.gateways],
    [
      [
        'edge',
        {
          value: {
            listeners: [
              { port: 80, redirect_to_https: 443 },
              { port: 443, tls: { certificates: [{ cert: '/c.pem' }] } },
            ],
          },
        },
      ],
    ],
  )
  t.equal(draft.gateways.size, 1)
})

t.test('servers of other ports are other gateways', async (t) => {
  const { draft, parsed } = imported(
    `${up} server { listen 80; location / { proxy_pass http://users; } } server { listen 81; location / { return 204; } }`,
  )
  t.strictSame(parsed.problems, [])
  t.strictSame([...draft.gateways.keys()], ['edge', 'edge-81'])
  t.match(
    draft.routes.map(({ value }) => value.gateways),
    [['edge'], ['edge-81']],
  )
})

t.test('a server of a name takes its own requests only, the first takes what is nobody else’s', async (t) => {
  t.match(
    routesOf(`${up}
    server { listen 80; server_name a.example; location / { proxy_pass http://users; } }
    server { listen 80; server_name B.example .c.example; location /b/ { proxy_pass http://users; } }`),
    [
      { prefix: '/', service: 'users' },
      { hosts: ['a.example'], prefix: '/', service: 'users' },
      { hosts: ['b.example', 'c.example', '*.c.example'], prefix: '/b' },
      { hosts: ['b.example', 'c.example', '*.c.example'], prefix: '/', answer: { status: 404 } },
    ],
  )
})

t.test('addresses are told as no services, until somebody says which service they are', async (t) => {
  const http = `${up} server { location / { proxy_pass http://users; } location /x/ { proxy_pass http://10.0.0.7:9999/; } }`
  const guessed = imported(http)
  t.match(
    guessed.said.join('\n'),
    /upstream users: not carried over: addresses \(10\.0\.0\.1:8081\) are no services\. Taken for "users"/,
  )
  t.match(guessed.said.join('\n'), /--service 10\.0\.0\.7:9999=<name>/)
  const mapped = imported(http, { users: 'user-service', '10.0.0.7:9999': 'x' })
  t.notMatch(mapped.said.join('\n'), /no services/)
  t.strictSame(
    mapped.draft.routes.map(({ value }) => value.service),
    ['user-service', 'x'],
  )
  t.strictSame(imported(http, { nobody: 'x' }).strangers, ['nobody'])
})

for (const { what, http, contradiction } of [
  {
    what: 'two locations that take the same',
    http: `server { location /a/ { return 204; } location /a { return 403; } }`,
    contradiction: /requests to \/a: .*:2 .*204.*:2 .*403/,
  },
  {
    what: 'two servers of one name',
    http: `server { server_name a.example; location /a/ { return 204; } } server { server_name a.example; location /a/ { return 200; } } server { server_name a.example; location /a/ { return 403; } }`,
    contradiction: /requests to \/a of a\.example/,
  },
  {
    what: 'two addresses for a port',
    http: 'server { listen 10.0.0.1:80; return 204; } server { listen 10.0.0.2:80; server_name a.example; return 204; }',
    contradiction: /port 80: .*10\.0\.0\.1.*10\.0\.0\.2/,
  },
  {
    what: 'two ways to connect to one service',
    http: `${up} server { location / { proxy_pass http://users; proxy_connect_timeout 1; } location /b { proxy_pass http://users; proxy_connect_timeout 2; } }`,
    contradiction: /connect_timeout of service users/,
  },
]) {
  t.test(`${what} are a contradiction that names both places`, async (t) => {
    t.match(imported(http).contradictions.map(contradictionText).join('\n'), contradiction)
  })
}

t.test('whatever is imported without contradictions is a declaration that is taken', async (t) => {
  const path = fc.constantFrom('/', '/a', '/a/', '/a/b/', '/b', '/x y', '/中', '/a/*', '@named', '/v1.0/')
  const statement = fc.oneof(
    fc
      .tuple(
        fc.constantFrom(
          'http://users',
          'https://users',
          'http://127.0.0.1:8081',
          'http://h.example',
          'http://$x',
          'http://unix:/s',
        ),
        fc.constantFrom('', '/', '/b', '/b/', '/b?c', '$request_uri', '/中/'),
      )
      .map(([to, uri]) => `proxy_pass ${to}${uri};`),
    fc.constantFrom(
      ...[
        'return 301 https://$host$request_uri;',
        'return 200 "a $host";',
        'return 444;',
        'return 200 "ok";',
        'return 302 /b/;',
        'return 999;',
      ],
      ...[
        'rewrite ^/a/(.*)$ /$1 break;',
        'rewrite ^/old$ /new permanent;',
        'rewrite ^ https://b.example$request_uri redirect;',
        'rewrite .* /index last;',
      ],
      ...[
        'client_max_body_size 0;',
        'client_max_body_size 1500000;',
        'client_max_body_size 10g;',
        'proxy_read_timeout 1h 5m;',
        'proxy_read_timeout 0;',
        'proxy_next_upstream off;',
      ],
      ...[
        'limit_req zone=one burst=5;',
        'limit_req zone=all nodelay;',
        'limit_req zone=none;',
        'deny all;',
        'allow 10.0.0.0/8;',
        'auth_basic x;',
        'internal;',
      ],
      ...[
        'add_header X-A "a\\"b";',
        'add_header X_B $host;',
        'add_header "x y" 1;',
        'add_header X-Forwarded-For 1;',
        'proxy_set_header X-C "";',
        'proxy_set_header Host $host;',
        'proxy_set_header X-D 中;',
        'proxy_hide_header Server;',
      ],
      ...[
        'if ($request_method = OPTIONS) { return 204; }',
        'if ($http_x = 1) { return 301 https://b.example/c; }',
        'if ($host = b.example) { return 200 b; }',
        'if ($a) { return 403; }',
        'root /var/www;',
        'try_files $uri =404;',
      ],
    ),
  )
  const block = fc.array(statement, { maxLength: 4 }).map((all) => all.join(' '))
  const location = fc
    .tuple(fc.constantFrom('', '', '', '= ', '^~ ', '~ ', '='), path, block, fc.option(block, { freq: 5, nil: '' }))
    .map(
      ([sign, path, block, nested]) =>
        `location ${sign}"${path}" { ${block} ${nested === '' ? '' : `location /a/n/ { ${nested} }`} }`,
    )
  const name = fc.constantFrom('a.example', 'b.example', '.c.example', '*.d.example', '_', '~^x', 'A.Example', '""')
  const listen = fc.constantFrom(
    '80',
    '*:80',
    '[::]:80',
    '81 proxy_protocol',
    '127.0.0.1:82',
    '443 ssl http2',
    'unix:/x',
    '80 default_server',
  )
  const server = fc
    .record({
      listen: fc.array(listen, { maxLength: 2 }),
      names: fc.array(name, { maxLength: 3 }),
      inner: block,
      locations: fc.array(location, { maxLength: 4 }),
      tls: fc.constantFrom('ssl_certificate /c.pem; ssl_certificate_key /k.pem;', 'ssl_certificate c.pem;', ''),
    })
    .map(({ listen, names, inner, locations, tls }) =>
      [
        'server {',
        ...listen.map((each) => `listen ${each};`),
        names.length > 0 ? `server_name ${names.join(' ')};` : '',
        tls,
        inner.replaceAll(/proxy_pass[^;]*;/g, ''),
        ...locations,
        '}',
      ].join('\n'),
    )
  const whole = fc.tuple(
    fc.array(server, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(
      '',
      'server_tokens off; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;',
      'add_header X-Z 1;',
    ),
  )
  let taken = 0
  fc.assert(
    fc.property(whole, ([servers, more]) => {
      const http = `${more} limit_req_zone $binary_remote_addr zone=one:1m rate=5r/s; limit_req_zone $server_name zone=all:1m rate=60r/m;
${up.replace('{', '{ ip_hash; keepalive 5; hash $x;').replace(';', ' max_fails=2 weight=3 backup;')}\n${servers.join('\n')}`
      const { contradictions, problems, parsed, text } = imported(http)
      if (contradictions.length > 0 || problems.length > 0) return
      taken += 1
      const [first] = parsed.problems
      if (first) throw new Error(`${first.line} ${first.path}: ${first.message}\n${http}\n${text}`)
    }),
    { numRuns: 400 },
  )
  t.ok(taken > 0, `${taken} of them had none`)
})

t.test('a burst that is no number is none', async (t) => {
  for (const burst of [':0', '1e9', '-5', '', 'NaN']) {
    const zone = 'limit_req_zone $binary_remote_addr zone=a:1m rate=10r/s;'
    const server = `server { listen 80; location /a { limit_req zone=a burst=${burst}; proxy_pass http://users; } }`
    t.strictSame(imported(`${zone} ${up} ${server}`).parsed.problems, [], burst)
  }
})
