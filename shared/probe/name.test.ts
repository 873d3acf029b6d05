import t from 'tap'
import { softwareOf } from './name.ts'

for (const { body, software } of [
  { body: '{"service":"looma-crm","software":"heddle-plane","status":"healthy"}', software: 'heddle-plane' },
  { body: '{"service":"heddle-agent","status":"warning"}', software: 'heddle-agent' },
  { body: '{"service":"looma-crm"}', software: undefined },
  { body: '{"software":["heddle-plane"]}', software: undefined },
  { body: '"heddle-plane"', software: undefined },
  { body: 'heddle-plane', software: undefined },
  { body: '', software: undefined },
]) {
  t.test(`${body.slice(0, 50)} is an answer of ${software ?? 'no program of ours'}`, async (t) => {
    t.equal(softwareOf({ body: Buffer.from(body) }), software)
  })
}
