import t from 'tap'
import { redirectedBy, returned } from './own-answers.ts'

for (const { args, carried } of [
  { args: ['301', 'https://$host$request_uri'], carried: { action: { redirect: { status: 301, scheme: 'https' } } } },
  {
    args: ['301', '$scheme://new.example$request_uri'],
    carried: { action: { redirect: { status: 301, host: 'new.example' } } },
  },
  {
    args: ['308', 'https://$server_name:8443$request_uri'],
    carried: { action: { redirect: { scheme: 'https', host: 'a.example', port: 8443 } } },
  },
  { args: ['302', '/new/'], carried: { action: { redirect: { status: 302, path: '/new' } } } },
  { args: ['https://b.example/x'], carried: { action: { redirect: { status: 302, host: 'b.example', path: '/x' } } } },
  { args: ['303', '/x'], carried: { action: { redirect: { status: 302 } }, note: '303 is 302' } },
  { args: ['204'], carried: { action: { answer: { status: 204 } } } },
  { args: ['200', 'ok'], carried: { action: { answer: { status: 200, content_type: 'text/html', body: 'ok' } } } },
  { args: ['444'], carried: { action: { answer: { status: 403 } }, note: /closed/ } },
  { args: ['200', 'you are $remote_addr'], carried: { why: /variables/ } },
  { args: ['301', 'https://www.$host$request_uri'], carried: { why: /./ } },
  { args: ['301', 'https://b.example/x?y=1'], carried: { why: /written out/ } },
  { args: ['301', '$scheme://$host$request_uri'], carried: { why: /where it came from/ } },
]) {
  t.test(`return ${args.join(' ')}`, async (t) => t.match(returned(args, 'a.example', 'text/html'), carried))
}

for (const { pattern, to, found } of [
  {
    pattern: '^',
    to: 'https://$host$request_uri?',
    found: { exact: undefined, carried: { action: { redirect: { scheme: 'https' } } } },
  },
  {
    pattern: '^(.*)$',
    to: 'https://b.example$1',
    found: { exact: undefined, carried: { action: { redirect: { host: 'b.example' } } } },
  },
  {
    pattern: '^/(.*)$',
    to: 'https://b.example/$1',
    found: { exact: undefined, carried: { action: { redirect: { host: 'b.example' } } } },
  },
  { pattern: '^/old/?$', to: '/new', found: { exact: '/old', carried: { action: { redirect: { path: '/new' } } } } },
  { pattern: '^/old/a\\.html$', to: '/new', found: { exact: '/old/a.html' } },
  { pattern: '^/old/(.*)$', to: '/new/$1', found: { carried: { why: /pattern/ } } },
]) {
  t.test(`rewrite ${pattern} ${to} permanent`, async (t) => t.match(redirectedBy(pattern, to, 301, undefined), found))
}
