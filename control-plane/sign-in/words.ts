export const languages = ['en', 'zh'] as const
export type Language = (typeof languages)[number]

/** What the sign-in page says. */
export type Words = {
  readonly title: string
  readonly lead: string
  readonly withProvider: (name: string) => string
  readonly byLink: string
  readonly noScript: string
  readonly working: string
  readonly refused: string
  readonly failed: string
  readonly signedIn: (name: string, role: string) => string
  readonly signOut: string
  readonly signedOut: string
  readonly again: string
  readonly other: string
  /** What became of the try before, by its name in the address. */
  readonly said: Readonly<Record<string, string>>
}

export const words: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Sign in to Heddle',
    lead: 'There are no passwords here.',
    withProvider: (name) => `Sign in with ${name}`,
    byLink: 'Somebody who runs this installation can make you a link by which you sign in once: heddle user invite.',
    noScript: 'Signing in by a link needs JavaScript in this browser.',
    working: 'Signing you in …',
    refused: 'This link does not count: it was used, is too old, or was replaced by a newer one. Ask for another one.',
    failed: 'The control plane could not be asked. Open the link again in a moment.',
    signedIn: (name, role) => `You are signed in as ${name} (${role}).`,
    signOut: 'Sign out',
    signedOut: 'You are signed out.',
    again: 'Too many tries from here. Wait a while and try again.',
    other: '中文',
    said: {
      refused: 'You could not be signed in. Begin anew; if it happens again, the log of the control plane says why.',
      'no-role': 'You are known, but none of your groups may use this installation. Ask whoever runs it.',
      suspended: 'You are suspended. Ask whoever runs this installation.',
      unavailable: 'The provider cannot be asked now. Try again in a moment.',
      'signed-out': 'You are signed out.',
      slow: 'Too many tries from here. Wait a while and try again.',
    },
  },
  zh: {
    title: '登录 Heddle',
    lead: '这里没有密码。',
    withProvider: (name) => `使用 ${name} 登录`,
    byLink: '本系统的管理员可以为您生成一次性登录链接：heddle user invite。',
    noScript: '通过链接登录需要在浏览器中启用 JavaScript。',
    working: '正在登录……',
    refused: '此链接无效：已被使用、已过期或已被新链接取代。请索取新的链接。',
    failed: '无法连接控制平面。请稍后重新打开链接。',
    signedIn: (name, role) => `您已登录：${name}（${role}）。`,
    signOut: '退出登录',
    signedOut: '您已退出登录。',
    again: '来自此地址的尝试过多，请稍后再试。',
    other: 'English',
    said: {
      refused: '登录失败。请重新开始；如再次失败，原因见控制平面的日志。',
      'no-role': '身份已确认，但您所在的组无权使用本系统。请联系管理员。',
      suspended: '您的账户已停用。请联系管理员。',
      unavailable: '暂时无法连接身份提供方。请稍后再试。',
      'signed-out': '您已退出登录。',
      slow: '来自此地址的尝试过多，请稍后再试。',
    },
  },
}

/** @param asked what the address says @param accepts the header of the browser */
export function languageOf(asked: unknown, accepts: string | undefined): Language {
  const named = languages.find((language) => language === asked)
  if (named) return named
  const [first = ''] = (accepts ?? '').split(',', 1)
  return /^\s*zh\b/i.test(first) ? 'zh' : 'en'
}
