import type { Plant } from './play/planted.ts'

const withoutTry = /try \{\n {4}return JSON\.parse\(text\)\n {2}\} catch \{\n {4}return undefined\n {2}\}/

/** What would do harm if it were not there. Each has to be found missing by its target. */
export const plants: Readonly<Record<string, Plant>> = {
  'what an agent says may be no JSON': {
    target: 'agent-message',
    file: 'control-plane/ingest/agents/session/parse-message.ts',
    from: withoutTry,
    to: 'return JSON.parse(text)',
  },
  'what clients register is refused by its fields': {
    target: 'registry-body',
    file: 'control-plane/ingest/cluster-api/fields.ts',
    from: /const result = z\.safeParse\(schema, body\)\n {2}if/,
    to: 'const result = { success: true, data: z.parse(schema, body), error: undefined as never }\n  if',
  },
  'an answer to a probe may come in pieces': {
    target: 'probe-answer',
    file: 'shared/probe/http-answer.ts',
    from: /this\.#rest\.length === 0 \? chunk : Buffer\.concat\(\[this\.#rest, chunk\]\)/,
    to: 'chunk',
  },
  'an alias in a declaration may lead nowhere': {
    target: 'declaration',
    file: 'shared/config/problem.ts',
    from: /return \{ error: explainError\(error\) \}/,
    to: 'throw error',
  },
  'numbers in a configuration of nginx may be none': {
    target: 'import-nginx',
    file: 'cli/import/nginx/policy.ts',
    from: /wholeNumber\(wordOf\(limit\.args, 'burst'\) \?\? '0'\)/,
    to: "Number(wordOf(limit.args, 'burst') ?? 0)",
  },
  'a row of a table may be none': {
    target: 'import-routes',
    file: 'cli/import/routes/to-draft.ts',
    from: /if \(!isRow\(row\)\) problems\.push\([^\n]*\n {4}else read\.push/,
    to: 'read.push',
  },
  'the address of a former manager may be none': {
    target: 'import-former',
    file: 'cli/import/normalise.ts',
    from: /!URL\.canParse\(whole\) \|\| /,
    to: '',
  },
  'a row of a dump may be no JSON': {
    target: 'import-registry',
    file: 'cli/import/registry/json-rows.ts',
    from: /throw this\.#wrong\(explainError\(cause\)\.replace\([^\n]*\)\)/,
    to: 'throw cause',
  },
  'a message of an Envoy may come in pieces': {
    target: 'xds-request',
    file: 'control-plane/routing/envoy/grpc/messages.ts',
    from: /if \(at < bytes\.length\) this\.#keep\(bytes\.subarray\(at\)\)/,
    to: '',
  },
  'a damaged frame is not read': {
    target: 'buffer-segment',
    file: 'agent/buffer/frame.ts',
    from: /if \(crc32\(payload\) !== bytes\.readUInt32LE\(at \+ 4\)\) break/,
    to: '',
  },
  'a damaged segment keeps no backlog from being written on': {
    target: 'agent-buffer',
    file: 'agent/buffer/frame.ts',
    from: /if \(crc32\(payload\) !== bytes\.readUInt32LE\(at \+ 4\)\) break/,
    to: '',
  },
  'a backup that was edited is told by its hash': {
    target: 'backup',
    file: 'shared/backup/read-backup.ts',
    from: / \|\| trailer\.sha256 !== this\.#whole\.digest\('hex'\)/,
    to: '',
  },
  'a row of the audit that was changed is told by its hash': {
    target: 'audit',
    file: 'shared/audit/chain.ts',
    from: /if \(rowHash\(at\.hash, row\) !== row\.hash\) return \{ seq: row\.seq, kind: 'changed' \}/,
    to: '',
  },
  'a certificate is one that the authority has signed': {
    target: 'certificate',
    file: 'shared/identity/judge-certificate.ts',
    from: /x509\.verify\(authority\.publicKey\)/,
    to: 'true',
  },
  'keys are on the one curve': {
    target: 'certificate-request',
    file: 'control-plane/identity/read-request.ts',
    from: /if \(key\.asymmetricKeyDetails\?\.namedCurve !== 'prime256v1'\) return [^\n]*/,
    to: '',
  },
  'what is no address lies in no range': {
    target: 'scope',
    file: 'shared/identity/ranges.ts',
    from: /if \(isIP\(address\) === 0 \|\| address\.includes\('%'\)\) return false/,
    to: '',
  },
  'a token ends after its last part': {
    target: 'token',
    file: 'shared/identity/token.ts',
    from: /if \(more\.length > 0 \|\| text\.length > mostCharacters\) return [^\n]*/,
    to: '',
  },
  'a page of metrics may be no JSON': {
    target: 'metrics-page',
    file: 'agent/metrics/read-page.ts',
    from: withoutTry,
    to: 'return JSON.parse(text)',
  },
  'no Envoy counts less than nothing': {
    target: 'envoy-page',
    file: 'agent/envoys/counters.ts',
    from: /if \(!isAmount\(value\)\) return/,
    to: 'if (!Number.isFinite(value)) return',
  },
  'what a Consul says in a map are texts': {
    target: 'consul-answer',
    file: 'control-plane/consul/answers.ts',
    from: /if \(Object\.values\(value\)\.every\(isText\)\)/,
    to: 'if (value)',
  },
  'what is no answer of a Consul is told by its name': {
    target: 'consul-server',
    file: 'control-plane/consul/client.ts',
    from: /throw connectionFailure\(error, this\.datacenter, asked\)/,
    to: 'throw error',
  },
  'a journal that lacks what was acknowledged is refused': {
    target: 'journal-file',
    file: 'control-plane/journal/sqlite/open-sqlite.ts',
    from: /refuseLoss\(headOf\(database\),[^\n]*\)/,
    to: 'noteOf(note)',
  },
  'no message does more than end its session': {
    target: 'plane-session',
    file: 'control-plane/ingest/agents/session/parse-message.ts',
    from: withoutTry,
    to: 'return JSON.parse(text)',
  },
  'who may only look changes nothing': {
    target: 'plane-request',
    file: 'control-plane/access/matrix.ts',
    from: /\['POST \/v1\/freeze', 'fleet:freeze'/,
    to: "['POST /v1/freeze', 'fleet:read'",
  },
  'what is no request of an Envoy ends its stream': {
    target: 'plane-xds',
    file: 'control-plane/routing/envoy/serve.ts',
    from: /try \{\n[^}]*?return decodeRequest\(bytes\)\n {2}\} catch \{\n {4}return undefined\n {2}\}/,
    to: 'return decodeRequest(bytes)',
  },
}
