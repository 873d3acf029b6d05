import t from 'tap'
import { modeFindings } from './mode.ts'

for (const { kind, mode, level, says } of [
  { kind: 'secret', mode: 0o600, level: 'ok', says: /0600/ },
  { kind: 'secret', mode: 0o640, level: 'ok', says: /0640/ },
  { kind: 'secret', mode: 0o660, level: 'warning', says: /its group/ },
  { kind: 'secret', mode: 0o644, level: 'error', says: /open to every user/ },
  { kind: 'secret', mode: 0o602, level: 'error', says: /open to every user/ },
  { kind: 'file', mode: 0o644, level: 'ok', says: /./ },
  { kind: 'file', mode: 0o666, level: 'error', says: /may be written by every user/ },
  { kind: 'folder', mode: 0o750, level: 'ok', says: /./ },
  { kind: 'folder', mode: 0o755, level: 'ok', says: /./ },
  { kind: 'folder', mode: 0o777, level: 'error', says: /may be written/ },
] as const) {
  t.test(`a ${kind} of mode ${mode.toString(8)} is ${level}`, async (t) => {
    const [found] = modeFindings({ path: '/x', what: 'it', mode: mode | 0o100000, owner: 0, kind })
    t.match(found, { level, text: says })
  })
}

t.test('what belongs to another user than that of the program is found', async (t) => {
  const seen = {
    path: '/x',
    what: 'it',
    mode: 0o700,
    kind: 'folder',
    expected: { id: 990, name: 'heddle-plane' },
  } as const
  t.match(modeFindings({ ...seen, owner: 0 }), [{ level: 'error', remedy: 'chown -R heddle-plane: /x' }])
  t.match(modeFindings({ ...seen, owner: 990 }), [{ level: 'ok' }])
})
