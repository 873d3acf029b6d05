import { type Language, words } from './words.ts'

export type PageParts = {
  readonly language: Language
  /** What became of the try before. */
  readonly said: string | undefined
  /** Under which name people sign in by a provider; undefined: there is none. */
  readonly provider: string | undefined
  readonly who: { readonly name: string; readonly role: string; readonly csrf: string } | undefined
}

/** Nothing that stands in the page itself is run or looked at, nobody frames it, and forms go to this plane and nowhere else. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** The page on which people sign in. Without JavaScript all of it works but links. */
export function signInPage({ language, said, provider, who }: PageParts): string {
  const text = words[language]
  const other = language === 'en' ? 'zh' : 'en'
  const told = said !== undefined && Object.hasOwn(text.said, said) ? text.said[said] : undefined
  const attributes = Object.entries({
    working: text.working,
    refused: text.refused,
    failed: text.failed,
    again: text.again,
  })
    .map(([name, value]) => `data-${name}="${escaped(value)}"`)
    .join(' ')
  const body = who
    ? [
        `<p>${escaped(text.signedIn(who.name, who.role))}</p>`,
        '<form method="post" action="/sign-out">',
        `<input type="hidden" name="csrf" value="${escaped(who.csrf)}">`,
        `<button type="submit">${escaped(text.signOut)}</button>`,
        '</form>',
      ]
    : [
        `<p>${escaped(text.lead)}</p>`,
        ...(provider === undefined
          ? []
          : [`<p><a class="button" href="/sign-in/oidc">${escaped(text.withProvider(provider))}</a></p>`]),
        `<p class="small">${escaped(text.byLink)}</p>`,
        `<noscript><p class="small">${escaped(text.noScript)}</p></noscript>`,
      ]
  return [
    '<!doctype html>',
    `<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="robots" content="noindex">',
    `<title>${escaped(text.title)}</title>`,
    '<link rel="stylesheet" href="/sign-in/sign-in.css">',
    '<script src="/sign-in/sign-in.js" defer></script>',
    '</head>',
    '<body>',
    '<main>',
    `<h1>${escaped(text.title)}</h1>`,
    `<p id="said" role="status" ${attributes}>${told === undefined ? '' : escaped(told)}</p>`,
    ...body,
    `<p class="small"><a href="/sign-in?lang=${other}" hreflang="${other}">${escaped(text.other)}</a></p>`,
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function escaped(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (sign) => signs[sign] ?? sign)
}
