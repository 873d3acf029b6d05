import { apiTokenText, readApiToken } from '#shared/access/token.ts'
import { readToken, tokenText } from '#shared/identity/token.ts'
import { mutatedText } from '../inputs/mutated.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const [id, secret, pin] = ['abcdefghij', 'A'.repeat(43), `${'_'.repeat(42)}8`]
const corpus = [
  apiTokenText({ id, secret }),
  tokenText({ id, secret, pin }),
  `hdl2.${id}.${secret}.${pin}`,
  `hdl1.${id}.${secret}.${pin}.more`,
  ' \n',
]

/** Tokens as they stand in files and headers: what is read as one is written as it was, and what is refused repeats nothing of it. */
export const target = targetOf({
  arbitrary: mutatedText(corpus, ['.', 'hdl1.', 'hdlt1.', '=', '-', ' ', secret]),
  run: (text) => {
    const api = readApiToken(text)
    if (api) same(apiTokenText(api), text, 'an API token')
    const enrolment = readToken(text)
    if (enrolment.kind === 'read') same(tokenText(enrolment.token), text.trim(), 'an enrolment token')
    else promise(!enrolment.why.includes(secret.slice(0, 12)), 'why it is none repeats it')
    return api || enrolment.kind === 'read' ? 'taken' : 'refused'
  },
})
