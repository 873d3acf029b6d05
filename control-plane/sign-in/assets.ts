/** What the page of a link does: it takes the token out of the address, and gives it to the plane, once. */
export const signInScript = `'use strict'
;(() => {
  const token = location.hash.slice(1)
  if (!token.startsWith('hdll1.')) return
  // Neither the history nor whoever looks over a shoulder keeps it.
  history.replaceState(null, '', location.pathname)
  const said = document.getElementById('said')
  said.textContent = said.dataset.working
  fetch('/sign-in/link', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
    credentials: 'same-origin',
  }).then(
    (response) => {
      if (response.ok) location.replace('/sign-in')
      else if (response.status === 429) said.textContent = said.dataset.again
      else said.textContent = response.status === 403 ? said.dataset.refused : said.dataset.failed
    },
    () => {
      said.textContent = said.dataset.failed
    },
  )
})()
`

export const signInStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center }
main { width: min(26rem, calc(100vw - 3rem)); padding: 1.5rem 0 }
h1 { font-size: 1.4rem; font-weight: 600; margin: 0 0 1rem }
p { margin: 0 0 1rem }
#said:empty { display: none }
#said { border-left: 3px solid #b45309; padding-left: .75rem }
.small { font-size: .875rem; opacity: .8 }
.button, button { display: inline-block; font: inherit; padding: .55rem 1rem; border: 1px solid currentColor; border-radius: .4rem; background: none; color: inherit; text-decoration: none; cursor: pointer }
.button:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px }
`
