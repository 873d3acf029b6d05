import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { Reason, reason, reasonCodes, reasonParameters, reasonText, sameReason } from './reason.ts'

const params = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string({ unit: 'grapheme', maxLength: 30 }), {
  maxKeys: 5,
})
const code = fc.constantFrom(...reasonCodes)

t.test('a reason is its code and its parameters by name', async (t) => {
  t.equal(reasonText(reason('ok')), 'ok')
  const mismatch = reason('identity_mismatch', { expected: 'crm', answered: '账单' })
  t.equal(reasonText(mismatch), 'identity_mismatch answered=账单 expected=crm')
})

t.test('the same reason always gives the same bytes, however its parameters were ordered', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(code, params, (code, params) => {
        const turned = Object.fromEntries(Object.entries(params).reverse())
        return sameReason(reason(code, params), reason(code, turned))
      }),
    ),
  )
})

t.test('another code or another word is another reason', async (t) => {
  t.notOk(sameReason(reason('refused'), reason('timeout')))
  t.notOk(sameReason(reason('http_status', { status: '500' }), reason('http_status', { status: '503' })))
})

t.test('a reason is one line, whatever others put into it', async (t) => {
  const wild = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))
  t.doesNotThrow(() =>
    fc.assert(fc.property(code, wild, (code, params) => !/[\p{Cc}\u2028\u2029]/u.test(reasonText({ code, params })))),
  )
  t.equal(reasonText(reason('bad_answer', { error: 'a\r\nb' })), 'bad_answer error=a b')
})

t.test('every reason survives the wire', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(code, params, (code, params) => {
        const made = reason(code, params)
        return sameReason(z.parse(Reason, JSON.parse(JSON.stringify(made))), made)
      }),
    ),
  )
  t.notOk(z.safeParse(Reason, { code: 'no such code' }).success)
  t.notOk(z.safeParse(Reason, { code: 'bad_answer', params: { error: 'x'.repeat(201) } }).success)
})

t.test('a code that this version does not know is kept as it is, within bounds', async (t) => {
  const later = { code: 'gpu_2_lost', params: { card: '1' } }
  t.strictSame(z.parse(Reason, later), later)
  t.equal(reasonText(later), 'gpu_2_lost card=1')
  for (const code of ['', 'No', 'a-b', 'a'.repeat(41), 7]) t.notOk(z.safeParse(Reason, { code }).success)
  t.notOk(z.safeParse(Reason, { code: 'later', params: { card: 1 } }).success)
})

t.test('codes and parameters are words that a console can key its texts by', async (t) => {
  for (const code of reasonCodes) {
    for (const word of [code, ...reasonParameters[code]]) t.match(word, /^[a-z]+(_[a-z]+)*$/)
  }
})

t.test('a reason keeps its parameters when the caller changes his', async (t) => {
  const params = { status: '500' }
  const made = reason('http_status', params)
  params.status = '200'
  t.equal(reasonText(made), 'http_status status=500')
})
