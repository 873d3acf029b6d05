import t from 'tap'
import { PlaneConfig } from '../config.ts'
import { firstFiles, firstHourText } from './first-hour.ts'

const config = (api: object) => PlaneConfig.parse({ api, journal: { path: '/nowhere/heddle.db' } })
const { api } = config({ address: '0.0.0.0' })
const all = firstFiles(config({}))
const there = (...names: readonly string[]) =>
  Object.fromEntries(
    Object.entries(all).map(([name, { path }]) => [name, { path, there: names.includes(name) }]),
  ) as typeof all

t.test('a plane that was never started is to be started', async (t) => {
  t.match(firstHourText(api, all, 'plane-1'), /no \/nowhere\/heddle-ca\.pem yet: start the plane/)
})

t.test('after the first start each file is named with the command that uses it', async (t) => {
  const text = firstHourText(api, there('authority', 'adminToken', 'signIn', 'enrolmentToken'), 'plane-1')
  t.match(text, /HEDDLE_PLANE=https:\/\/localhost:8888 HEDDLE_CA=\/nowhere\/heddle-ca\.pem/)
  t.match(text, /--token-file \/nowhere\/heddle\.db-first-token token create/)
  t.match(text, /by the link in \/nowhere\/heddle\.db-first-sign-in/)
  t.match(text, /first token is in \/nowhere\/enrolment-token/)
  t.match(text, /heddle-agent enroll https:\/\/plane-1:8888 --token-file/)
})

t.test('what was done already is left out', async (t) => {
  const text = firstHourText(api, there('authority'), 'plane-1')
  t.notMatch(text, /first-token|first-sign-in/)
  t.match(text, /heddle identity token/)
})

t.test('a plane in plain HTTP says that there is nothing to enrol', async (t) => {
  t.match(firstHourText(config({}).api, all, 'plane-1'), /plain HTTP/)
})
