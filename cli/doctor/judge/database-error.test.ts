import t from 'tap'
import { databaseTrouble } from './database-error.ts'

for (const { code, step, remedy } of [
  { code: '28P01', step: 'authenticate', remedy: /ALTER ROLE me/ },
  { code: '28000', step: 'authenticate', remedy: /pg_hba/ },
  { code: '3D000', step: 'authenticate', remedy: /CREATE DATABASE db/ },
  { code: '53300', step: 'authenticate', remedy: /max_connections/ },
  { code: '57P03', step: 'answer', remedy: /Wait/ },
  { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', step: 'TLS', remedy: /ca_file/ },
  { code: undefined, step: 'answer', remedy: /logs/ },
]) {
  t.test(`${code} is a matter of the step ${step}`, async (t) =>
    t.match(databaseTrouble(code, 'me', 'db'), { step, remedy }),
  )
}
