import t from 'tap'
import { defaultRules, otherwise, ruleFor } from './policy.ts'

const rules = defaultRules(['zervigo', 'looma'])

for (const [type, name] of [
  ['user', 'user-management'],
  ['user-service', 'user-management'],
  ['basic-server', 'user-management'],
  ['basic-server-3', 'user-management'],
  ['ai', 'ai'],
  ['ai-matching', 'ai'],
  ['looma-ai-chat', 'ai'],
  ['resume', 'resume'],
  ['looma-resume-api', 'resume'],
  ['job-service', 'other'],
  ['users', 'other'],
  ['', 'other'],
] as const) {
  t.test(`"${type}" is decided by rule ${name}`, async (t) => {
    t.equal(ruleFor(type, rules).name, name)
  })
}

t.test('the first rule that names a type decides', async (t) => {
  const all = { name: 'all', types: ['*'], by: 'ai_capacity' as const }
  t.equal(ruleFor('resume', [all, ...rules]), all)
  t.equal(ruleFor('resume', []), otherwise)
})

t.test('the rule between two clusters is there only where both are', async (t) => {
  t.notOk(defaultRules(['zervigo', 'third']).some(({ by }) => by === 'load'))
})
