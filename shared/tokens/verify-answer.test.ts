import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { readVerifyAnswer } from './verify-answer.ts'

const Answers = z.array(
  z.strictObject({
    title: z.union([z.string(), z.boolean(), z.null(), z.number()]),
    status: z._default(z.int(), 200),
    body: z._default(z.string({ error: 'expected a text: put the body in quotes' }), ''),
    claim: z._default(z.string(), 'permissions'),
    verdict: z.enum(['valid', 'invalid', 'forbidden', 'unclear']),
    subject: z.optional(z.string()),
    permissions: z._default(z.array(z.string()), []),
    ends: z.optional(z.string()),
  }),
)

const file = new URL('verify-answers.yaml', import.meta.url)
const { config: answers = [], problems } = readConfig(Answers, await readFile(file, 'utf8'), 'verify-answers.yaml')

function read(text: string | Buffer, status = 200, claim = 'permissions') {
  return readVerifyAnswer({ status, body: Buffer.from(text), truncated: false }, claim)
}

t.test('the table of answers can be read', async (t) => {
  t.strictSame(problems.map(problemText), [])
  t.ok(answers.length > 60)
  t.equal(new Set(answers.map(({ title }) => title)).size, answers.length, 'titles are there once')
})

for (const { title, status, body, claim, verdict, subject, permissions, ends } of answers) {
  t.test(`it is read: ${title}`, async (t) => {
    const seen = read(body, status, claim)
    t.equal(seen.kind, verdict)
    if (seen.kind !== 'valid') return
    t.equal(seen.subject, subject)
    t.strictSame([...seen.permissions].toSorted(), permissions)
    t.equal(seen.endsAt, ends && Date.parse(ends))
  })
}

t.test('an answer that is too long says nothing', async (t) => {
  const told = { status: 200, body: Buffer.from('{"valid":true}'), truncated: true }
  t.equal(readVerifyAnswer(told, 'permissions').kind, 'unclear')
})

t.test('no bytes, whatever they are, make reading fail', async (t) => {
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(body, fc.integer({ min: 100, max: 599 }), fc.string(), (bytes, status, claim) => {
      read(bytes, status, claim)
    }),
  )
  t.pass()
})

t.test('a word that says no is never outvoted', async (t) => {
  const yes = fc.dictionary(
    fc.constantFrom('success', 'ok', 'code', 'user_id', 'active'),
    fc.constantFrom(true, 200, 1),
    {
      noNullPrototype: true,
    },
  )
  const no = fc.constantFrom(
    { valid: false },
    { active: false },
    { data: { valid: false } },
    { code: 401 },
    { error: 'x' },
    { success: 'false' },
  )
  fc.assert(
    fc.property(yes, no, (good, bad) => {
      const { kind } = read(JSON.stringify({ ...good, ...bad }))
      return kind === 'invalid'
    }),
  )
  t.pass()
})
