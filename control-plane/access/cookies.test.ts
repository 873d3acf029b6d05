import t from 'tap'
import { cookieNames, cookieOf, sessionTextOf, setCookie } from './cookies.ts'

const asked = (cookie: string) => ({ headers: { cookie } })

t.test('a cookie is read by its whole name, and of two with one name none', async (t) => {
  t.equal(cookieOf(asked('a=1; heddle=x=y; heddle-sign-in=2'), 'heddle'), 'x=y')
  for (const cookie of ['', 'heddle=', 'xheddle=1', 'heddle=1; heddle=2', 'Heddle=1']) {
    t.equal(cookieOf(asked(cookie), 'heddle'), undefined, cookie)
  }
  t.equal(cookieOf({ headers: {} }, 'heddle'), undefined)
  t.equal(sessionTextOf(asked('__Host-heddle=a; heddle=b')), 'a')
})

t.test('what a browser keeps no script reads, and no other site sends; over TLS no other host sets it', async (t) => {
  const tls = cookieNames(false)
  t.equal(
    setCookie(tls.session, 'x', tls, 90_500),
    '__Host-heddle=x; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure',
  )
  const plain = cookieNames(true)
  t.equal(setCookie(plain.session, '', plain, 0), 'heddle=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
})
