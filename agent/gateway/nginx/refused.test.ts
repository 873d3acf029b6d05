import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import { projectFolder } from '#test/support/parts.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { contentsOf } from '../file-set.ts'
import { allowedDirectives } from './allowed.ts'
import { refusedDirective } from './refused.ts'

const rules = {
  allow: { logs: ['/var/log/nginx'], certificates: ['/etc/heddle', '/etc/ssl/'] },
  controlPorts: [9901],
}
const refused = (content: string) => refusedDirective(new Map([['f', content]]), rules)
const inServer = (text: string) => `server {\n${text}\n}`
const inLocation = (text: string) => inServer(`location / { ${text} }`)

const pem = { cert: '/etc/ssl/site.pem', key: '/etc/ssl/private/site.key', ca: '/etc/heddle/ca.pem' }

t.test('whatever the plane renders of any declaration is taken', async (t) => {
  const logs = fc.constantFrom(
    { access: undefined, attempts: undefined },
    { access: '/var/log/nginx/a.log', attempts: undefined },
  )
  fc.assert(
    fc.property(anyTable([8080, 8081], pem), logs, (table, logs) => {
      const found = refusedDirective(contentsOf(renderNginx({ ...table, logs }, 1).files), rules)
      if (found) throw new Error(JSON.stringify(found))
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('what reviewers have seen is taken', async (t) => {
  const golden = join(projectFolder, 'control-plane/routing/nginx/golden')
  const files = await readdir(golden, { recursive: true, withFileTypes: true })
  for (const { name, parentPath } of files.filter((each) => each.isFile())) {
    t.equal(refused(await readFile(join(parentPath, name), 'utf8')), undefined, name)
  }
})

t.test('no directive is allowed that the plane never writes', async (t) => {
  const written = new Set<string>()
  for (const table of fc.sample(anyTable([8080, 8081], pem), { numRuns: 400, seed: 1 })) {
    const content = [
      ...contentsOf(
        renderNginx({ ...table, logs: { access: '/var/log/nginx/a', attempts: undefined } }, 1).files,
      ).values(),
    ].join('\n')
    for (const word of content.matchAll(/[a-z_0-9]+/g)) written.add(word[0])
  }
  const allowed = Object.values(allowedDirectives).flatMap((each) =>
    typeof each === 'function' ? [] : Object.keys(each),
  )
  t.strictSame(
    [...new Set(allowed)].filter((name) => !written.has(name)),
    [],
  )
})

for (const [what, content, name = ''] of [
  ['loads a module', 'load_module /tmp/x.so;', 'load_module'],
  ['includes a file', 'include /etc/passwd;', 'include'],
  ['includes in quotes', inServer(`"include" /etc/passwd;`), 'include'],
  ['includes with a case of its own', 'Include /etc/passwd;', 'Include'],
  ['includes in a map', 'map $uri $heddle_a { "include" /etc/shadow; }', 'include'],
  ['includes in types', inServer('types { include /etc/shadow; }'), 'include'],
  ['includes after a zero', 'map $uri $heddle_a { "include\0" /etc/shadow; }', 'a zero'],
  [
    'includes after a blank that nginx does not know',
    'map $uri $heddle_a { x\u00a0y z; }\ninclude /etc/shadow;',
    'include',
  ],
  ['runs Lua', inLocation('content_by_lua_block { os.execute("x") }'), 'content_by_lua_block'],
  ['runs Lua at the start', 'init_by_lua "x";', 'init_by_lua'],
  ['runs Perl', inLocation('perl handler;'), 'perl'],
  ['runs JavaScript', 'js_import x from /tmp/x.js;', 'js_import'],
  ['serves files', inLocation('root /;'), 'root /'],
  ['serves other files', inLocation('alias /etc/;'), 'alias'],
  ['lists folders', inLocation('autoindex on;'), 'autoindex'],
  ['looks for files', inLocation('try_files $uri /x;'), 'try_files $uri /x'],
  ['tells whether files are there', inLocation('if (-f /etc/shadow) { return 200; }'), 'if (-f /etc/shadow)'],
  ['says itself which file has it drain', 'geo $heddle_edge_drain_file { default /etc/shadow; }', 'default'],
  [
    'sets that in a request',
    inLocation('set $heddle_edge_drain_file /etc/shadow;'),
    'set $heddle_edge_drain_file /etc/shadow',
  ],
  ['sets that in a map', 'map $uri $heddle_edge_drain_file { default x; }', 'map $uri $heddle_edge_drain_file'],
  ['says that by a relative path', 'geo $heddle_edge_drain_file { default ../../etc/shadow; }', 'default'],
  ['finds that in a path', 'map $uri $heddle_a { "~^/(?<heddle_edge_drain_file>.*)" x; }', '~'],
  ['finds that in a location', inServer("location ~ '^/(?<heddle_edge_drain_file>.*)' { return 200; }"), 'location'],
  ['stores answers', inLocation('proxy_store /etc/cron.d/x;'), 'proxy_store'],
  ['keeps bodies', inLocation('client_body_in_file_only on;'), 'client_body_in_file_only'],
  ['has methods that write', inLocation('dav_methods PUT;'), 'dav_methods'],
  [
    'logs elsewhere',
    inServer('access_log /etc/cron.d/x heddle_edge_json;'),
    'access_log /etc/cron.d/x heddle_edge_json',
  ],
  [
    'logs upwards',
    inServer('access_log /var/log/nginx/../../../etc/cron.d/x;'),
    'access_log /var/log/nginx/../../../etc/cron.d/x',
  ],
  ['logs where a variable says', inServer('access_log /var/log/nginx/$uri;'), 'access_log /var/log/nginx/$uri'],
  ['logs to a socket', inServer('access_log syslog:server=unix:/run/x;'), 'access_log syslog:server=unix:/run/x'],
  ['logs errors', inServer('error_log /etc/cron.d/x;'), 'error_log'],
  ['shows a certificate from elsewhere', inServer('ssl_certificate /root/x.pem;'), 'ssl_certificate /root/x.pem'],
  ['takes a key from an engine', inServer('ssl_certificate_key engine:x:y;'), 'ssl_certificate_key engine:x:y'],
  ['takes a key from a variable', inServer('ssl_certificate_key $http_x;'), 'ssl_certificate_key $http_x'],
  [
    'leads to a socket',
    inLocation('proxy_pass http://unix:/run/docker.sock;'),
    'proxy_pass http://unix:/run/docker.sock',
  ],
  ['leads where a variable says', inLocation('proxy_pass http://$http_x;'), 'proxy_pass http://$http_x'],
  ['has a socket as instance', 'upstream heddle_a { server unix:/run/docker.sock; }', 'server unix:/run/docker.sock'],
  ['has a socket as instance that looks like a port', 'upstream heddle_a { server UNIX:123; }', 'server UNIX:123'],
  ['leads to what ends an Envoy', 'upstream heddle_a { server 127.0.0.1:9901; }', 'server 127.0.0.1:9901'],
  [
    'leads there by another name',
    'upstream heddle_a { server [::ffff:127.0.0.1]:9901; }',
    'server [::ffff:127.0.0.1]:9901',
  ],
  [
    'leads there in hexadecimal digits',
    'upstream heddle_a { server [::ffff:7f00:1]:9901; }',
    'server [::ffff:7f00:1]:9901',
  ],
  ['leads there by a name', 'upstream heddle_a { server localhost:9901; }', 'server localhost:9901'],
  ['listens on a socket', inServer('listen unix:/run/x;'), 'listen unix:/run/x'],
  ['speaks FastCGI', inLocation('fastcgi_pass unix:/run/php.sock;'), 'fastcgi_pass'],
  ['is of another block', 'proxy_pass http://heddle_a;', 'proxy_pass http://heddle_a'],
  ['opens a block where there is none', inServer('add_header x y { include /etc/passwd; }'), 'include'],
  ['opens a block without a name', '{ include /etc/passwd; }', 'include'],
  ['is nothing but a name of JavaScript', 'constructor x;', 'constructor'],
  ['has a secret kept by a name', 'env SECRET;', 'env'],
] as const) {
  t.test(`a file that ${what} is refused`, async (t) => {
    t.match(refused(content), { path: 'f', name }, JSON.stringify(refused(content)))
  })
}

t.test('what is refused is named with its line', async (t) => {
  t.strictSame(refused('upstream heddle_a {\n  server 10.0.0.1:80;\n}\n\nserver {\n  include x;\n}'), {
    path: 'f',
    line: 6,
    name: 'include',
  })
})

t.test('instances on this host are taken, but not at ports that control something', async (t) => {
  const table = (port: number) => plainTable(8080, [plainRoute('/', 's')], { s: [plainEndpoint(port)] })
  const found = (port: number) => refusedDirective(contentsOf(renderNginx(table(port), 1).files), rules)
  t.equal(found(8080), undefined)
  t.match(found(9901), { name: /^server 127.0.0.1:9901/ })
})

t.test('any text is judged to its end', async (t) => {
  const unit = fc.constantFrom(
    'a',
    ' ',
    '\n',
    ';',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '#',
    '$',
    '\u00a0',
    '\f',
    '\ufeff',
    'map ',
  )
  fc.assert(fc.property(fc.string({ unit, maxLength: 60 }), (text) => void refused(text)))
  t.pass()
})
