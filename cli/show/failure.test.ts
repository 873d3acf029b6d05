import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { showFailure } from './failure.ts'
import { plain } from './style.ts'

t.test('a failure says what, why and what now', async (t) => {
  const cause = new Error('instance crm-1 (甲)\ninstance crm-2')
  t.equal(
    showFailure(new Failure('NAME_AMBIGUOUS', 'crm may be any of 2', { cause }), plain),
    `failed: crm may be any of 2
why:    instance crm-1 (甲)
        instance crm-2
remedy: Give one of the ids named.
code:   NAME_AMBIGUOUS`,
  )
})

t.test('what comes from elsewhere cannot steer the terminal', async (t) => {
  t.equal(showFailure(new Error('a\u001b[2J', { cause: 'b' }), plain), 'failed: a\ufffd[2J: b')
})
