import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseNginx } from '#cli/import/nginx/parse.ts'
import { draftNginx } from '#cli/import/nginx/to-draft.ts'
import { declarationText } from '#cli/import/routes/declaration-text.ts'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { projectFolder } from '#test/support/parts.ts'
import { mutatedText } from '../inputs/mutated.ts'
import { same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const golden = join(projectFolder, 'control-plane/routing/nginx/golden/platform')
const rendered = readdirSync(golden).map((name) => `http {\n${readFileSync(join(golden, name), 'utf8')}\n}\n`)
const written = `
limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;
upstream crm { least_conn; server 10.0.0.1:8080 weight=5 max_fails=3; server 10.0.0.2:8080 backup; keepalive 16; }
server {
  listen 80 default_server; listen [::]:8443 ssl; server_name example.com *.example.org ~^x(?<y>.+)$;
  client_max_body_size 10m; proxy_read_timeout 30s;
  location = / { return 301 https://$host$request_uri; }
  location /api/crm/ { limit_req zone=api burst=20 nodelay; proxy_set_header Host $host; proxy_pass http://crm/; }
  location ~* \\.(png|jpg)$ { root /srv; expires 1d; }
  location /old { rewrite ^/old/(.*)$ /new/$1 break; proxy_pass http://crm; add_header X-A "b c" always; }
  location @fallback { if ($http_x_beta = "1") { proxy_pass http://10.0.0.3:90; } }
}`
const tokens = [
  'location ',
  'server {',
  '}',
  'proxy_pass http://crm/$1;',
  '${host',
  'return 200 "x";',
  'listen unix:/x;',
  '$',
  '~ ',
  '\\',
]

const options = { gateway: 'edge', proxy: 'nginx' as const, services: new Map<string, string>() }

/** Configurations of nginx. Whatever is in one, what is carried over without a problem told is a declaration that is taken. */
export const target = targetOf({
  arbitrary: mutatedText([`http {${written}}`, written, ...rendered], tokens),
  run: (text) => {
    const { directives, problems } = parseNginx(text, 'nginx.conf')
    const drafted = draftNginx({ directives, problems, notes: [] }, options)
    if (drafted.problems.length + drafted.contradictions.length > 0) return 'refused'
    const declared = declarationText(drafted.draft, 'Imported.')
    same(parseDeclaration([{ file: 'nginx.yaml', text: declared }]).problems, [], declared)
    return 'taken'
  },
})
