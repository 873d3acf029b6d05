import t from 'tap'
import { guiltyFile, withoutGuilty } from './quarantine.ts'

const set = (files: Record<string, string>) => new Map(Object.entries(files))
const guilty = { path: 'a', error: 'unknown directive' }

for (const { name, files, lastGood, after } of [
  {
    name: 'keeps its last good content',
    files: { a: 'bad', b: '1' },
    lastGood: { a: 'good' },
    after: { a: 'good', b: '1' },
  },
  { name: 'is left out when it has none', files: { a: 'bad', b: '1' }, lastGood: {}, after: { b: '1' } },
  { name: 'is left out when its last good content is bad too', files: { a: 'old' }, lastGood: { a: 'old' }, after: {} },
]) {
  t.test(`a guilty file ${name}`, async (t) => {
    const attempt = withoutGuilty({ files: set(files), quarantined: [] }, guilty, set(lastGood))
    t.strictSame(attempt, { files: set(after), quarantined: [guilty] })
  })
}

t.test('a file that is out already is not guilty again', async (t) => {
  t.equal(withoutGuilty({ files: set({ b: '1' }), quarantined: [guilty] }, guilty, set({ a: 'good' })), undefined)
})

t.test('the first complaint about a file is the one that people read', async (t) => {
  const attempt = { files: set({ a: 'good' }), quarantined: [guilty] }
  const after = withoutGuilty(attempt, { path: 'a', error: 'host not found' }, set({ a: 'good' }))
  t.strictSame(after, { files: new Map(), quarantined: [guilty] })
})

const files = set({
  'l.conf': 'server { listen 127.0.0.1:80; }',
  'm.conf': 'server { listen 8080 default_server; listen [::]:90; }',
})
const nameOf = (path: string) => (path.startsWith('/f/') ? path.slice(3) : undefined)
for (const { name, complaint, path } of [
  { name: 'a file of ours', complaint: { message: 'm', file: '/f/l.conf', line: 1 }, path: 'l.conf' },
  { name: 'a file of others beside ours', complaint: { message: 'm', file: '/f/x.conf', line: 1 }, path: undefined },
  { name: 'a file elsewhere', complaint: { message: 'm', file: '/g/l.conf', line: 1 }, path: undefined },
  {
    name: 'an address',
    complaint: { message: 'bind() to 127.0.0.1:80 failed (98: Address already in use)' },
    path: 'l.conf',
  },
  { name: 'a port on all addresses', complaint: { message: 'bind() to 0.0.0.0:8080 failed (13: x)' }, path: 'm.conf' },
  { name: 'an IPv6 address', complaint: { message: 'bind() to [::]:90 failed (13: x)' }, path: 'm.conf' },
  { name: 'an address of others', complaint: { message: 'bind() to 0.0.0.0:443 failed (13: x)' }, path: undefined },
  { name: 'nothing', complaint: { message: 'could not build server_names_hash' }, path: undefined },
]) {
  t.test(`a complaint about ${name} makes ${path ?? 'no file'} guilty`, async (t) => {
    t.equal(guiltyFile(complaint, files, nameOf), path)
  })
}
