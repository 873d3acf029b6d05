import t from 'tap'
import { signInScript } from './assets.ts'
import { pagePolicy, signInPage } from './page.ts'
import { SignInRate } from './rate.ts'
import { languageOf, languages, words } from './words.ts'

const none = { language: 'en', said: undefined, provider: undefined, who: undefined } as const

t.test('what others say stands in the page as text', async (t) => {
  const evil = `"><script>alert(1)</script>'&`
  for (const page of [
    signInPage({ ...none, provider: evil }),
    signInPage({ ...none, who: { name: evil, role: evil, csrf: evil } }),
    signInPage({ ...none, said: evil }),
  ]) {
    t.notMatch(page, /<script>/)
    t.equal(page.match(/<script/g)?.length, 1, 'the one that it has')
  }
})

t.test('nothing is in the page itself that is run, and nothing comes from elsewhere', async (t) => {
  for (const language of languages) {
    const page = signInPage({ ...none, language, provider: 'idp', said: 'refused' })
    t.notMatch(page, / on\w+=|style=|<style|javascript:|https?:\/\//)
    t.match(page, words[language].said.refused)
    t.match(page, `lang="${language === 'zh' ? 'zh-CN' : 'en'}"`)
  }
  t.notMatch(pagePolicy, /unsafe|\*/)
  t.match(pagePolicy, /frame-ancestors 'none'/)
})

t.test('every word is there in both languages, and told what became of it', async (t) => {
  t.strictSame(Object.keys(words.zh), Object.keys(words.en))
  t.strictSame(Object.keys(words.zh.said), Object.keys(words.en.said))
  t.notMatch(signInPage({ ...none, said: 'toString' }), 'native code')
})

t.test('the language is the one that is asked for, or that of the browser', async (t) => {
  t.equal(languageOf('zh', 'en'), 'zh')
  t.equal(languageOf(undefined, 'zh-CN,zh;q=0.9,en;q=0.8'), 'zh')
  for (const accepts of [undefined, 'de', 'en-GB,zh']) t.equal(languageOf('x', accepts), 'en')
})

t.test(
  'the script takes the token out of the address before anything else, and sends it to this plane only',
  async (t) => {
    t.match(signInScript, /replaceState[\s\S]*fetch\('\/sign-in\/link'/)
    t.notMatch(signInScript, /innerHTML|eval|https?:/)
  },
)

t.test('an address may try so often in a minute, and no number of addresses fills the memory', async (t) => {
  const clock = { now: 1_000_000 }
  const rate = new SignInRate({ most: 3, withinMs: 60_000 }, () => clock.now)
  t.strictSame(
    [1, 2, 3].map(() => rate.take('a')),
    [0, 0, 0],
  )
  clock.now += 10_000
  t.equal(rate.take('a'), 50_000)
  t.equal(rate.take('b'), 0)
  for (let count = 0; count < 10_010; count += 1) rate.take(`c${count}`)
  t.ok(rate.take('d') > 0, 'the rest of them is one')
  t.equal(rate.take('b'), 0)
  clock.now += 50_000
  t.equal(rate.take('a'), 0)
})
