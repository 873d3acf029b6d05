import t from 'tap'
import { type Condition, Inquiry } from './inquiry.ts'
import { type Finding, planeId, type Vantage } from './vantage.ts'

const vantages: readonly Vantage[] = [planeId, 'n-1', 'n-2'].map((id) => ({ id, machine: `m-${id}`, site: 'tencent' }))
const suspect: Condition = { suspect: true, shaky: undefined }
const missed: Condition = { suspect: false, shaky: undefined }
const held: Condition = { suspect: true, shaky: 'site_held' }
const everyMs = 10_000

function look(findings: readonly Finding[], condition = suspect, now = 0, before?: Inquiry): Inquiry {
  const inquiry = new Inquiry(vantages, condition, now, before)
  for (const [index, finding] of findings.entries()) {
    const vantage = vantages[index]
    if (vantage) inquiry.hear({ vantage, finding })
  }
  return inquiry
}
const silence: readonly Finding[] = ['no-answer', 'refused', 'no-answer']

t.test('a look lasts until all have answered', async (t) => {
  t.equal(look(['no-answer']).isOver(suspect, 60_000, everyMs), false)
  t.equal(look(['no-answer']).waiting, 2)
})

t.test('after silence it is looked at once more at once, and then in its time', async (t) => {
  const first = look(silence)
  t.equal(first.isOver(suspect, 1, everyMs), true)
  const second = look(silence, suspect, 1, first)
  t.equal(second.silentBefore, 1)
  t.equal(second.isOver(suspect, 9_000, everyMs), false)
  t.equal(second.isOver(suspect, 10_001, everyMs), true)
})

t.test('one that passes is looked at in its time, and its silence is forgotten', async (t) => {
  const passed = look(['no-answer', 'passed', 'no-answer'], suspect, 0, look(silence))
  t.equal(passed.silentBefore, 1)
  t.equal(passed.isOver(suspect, 9_999, everyMs), false)
  t.equal(look(silence, suspect, 10_000, passed).silentBefore, 0)
})

t.test('after a word that says nothing the next look comes soon, and later each time', async (t) => {
  let inquiry = look(['no-answer', 'unanswered', 'no-answer'])
  const waits: number[] = []
  for (let at = 0; at < 6; at += 1) {
    const step = 250
    let wait = step
    while (!inquiry.isOver(suspect, inquiry.askedAt + wait, everyMs)) wait += step
    waits.push(wait)
    inquiry = look(['other', 'no-answer', 'no-answer'], suspect, inquiry.askedAt + wait, inquiry)
  }
  t.strictSame(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

t.test('what was found before it was suspect is asked again, but for silence, which goes on', async (t) => {
  t.equal(look(['passed'], missed).isOver(missed, 1, everyMs), false)
  t.equal(look(['passed'], missed).isOver(suspect, 1, everyMs), true, 'though others have not answered')
  t.equal(look(['refused'], missed).isOver(suspect, 1, everyMs), true)
  t.equal(look(['unanswered'], missed).isOver(suspect, 1, everyMs), true)
  t.equal(look(['no-answer'], missed).isOver(suspect, 1, everyMs), false)
})

t.test('silence in doubt counts for nothing, and is looked at again when the doubt is gone', async (t) => {
  const shaky = look(silence, held)
  t.equal(shaky.isOver(held, 9_000, everyMs), false)
  t.equal(shaky.isOver(held, 10_000, everyMs), true)
  t.equal(shaky.isOver(suspect, 1, everyMs), true)
  t.equal(look(silence, suspect, 1, shaky).silentBefore, 0)
  const late = look(silence)
  late.doubt('in_doubt')
  late.doubt(undefined)
  t.equal(late.shaky, 'in_doubt', 'also when the doubt came and went in the middle of it')
})

t.test('where nobody can be asked, it is looked for somebody in its time', async (t) => {
  const nobody = new Inquiry([], suspect, 0)
  t.equal(nobody.isOver(suspect, 9_000, everyMs), false)
  t.equal(nobody.isOver(suspect, 10_000, everyMs), true)
})

t.test('what is found out of the line holds for the silent looks that follow, and a slow one ends them', async (t) => {
  const first = look(silence)
  first.patience.begin('plane')
  const second = look(silence, suspect, 1, first)
  t.strictSame([second.silentBefore, second.line], [1, 'unknown'])
  first.patience.end(true)
  t.equal(second.line, 'slow')
  t.equal(second.isOver(suspect, 10_000, everyMs), false)
  t.equal(second.isOver(suspect, 10_001, everyMs), true, 'it is looked again in its time')
  const third = look(silence, suspect, 10_001, second)
  t.strictSame([third.silentBefore, third.line], [0, 'good'])
})
