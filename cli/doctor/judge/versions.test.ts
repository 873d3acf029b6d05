import t from 'tap'
import { pairFinding, versionFinding } from './versions.ts'

for (const { kind, version, level } of [
  { kind: 'envoy', version: '1.29.9', level: 'error' },
  { kind: 'envoy', version: '1.30.0', level: 'ok' },
  { kind: 'envoy', version: '1.40.2', level: 'ok' },
  { kind: 'envoy', version: '1.41.0', level: 'warning' },
  { kind: 'consul', version: '1.7.14', level: 'error' },
  { kind: 'consul', version: '1.8.7', level: 'ok' },
  { kind: 'consul', version: '1.22.7', level: 'ok' },
  { kind: 'consul', version: '2.0.0', level: 'warning' },
  { kind: 'nginx', version: '1.22.1', level: 'ok' },
  { kind: 'postgresql', version: '12.4', level: 'error' },
  { kind: 'postgresql', version: '15.8', level: 'ok' },
  { kind: 'node', version: '26.10.0', level: 'ok' },
  { kind: 'node', version: '20.20.0', level: 'error' },
  { kind: 'nginx', version: '', level: 'warning' },
] as const) {
  t.test(`${kind} ${version || 'of no version'} is ${level}`, async (t) => {
    t.equal(versionFinding(kind, version, 'here').level, level)
  })
}

for (const { version, plane, level } of [
  { version: '0.5.0', plane: '0.5.9', level: 'ok' },
  { version: '0.3.0', plane: '0.5.0', level: 'ok' },
  { version: '0.2.9', plane: '0.5.0', level: 'error' },
  { version: '0.6.0', plane: '0.5.0', level: 'warning' },
  { version: '1.0.0', plane: '2.0.0', level: 'error' },
  { version: '', plane: '2.0.0', level: 'warning' },
]) {
  t.test(`${version || 'no version'} beside a plane of ${plane} is ${level}`, async (t) => {
    t.equal(pairFinding('it', version, plane).level, level)
  })
}
