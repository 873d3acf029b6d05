const name = Buffer.from('"ModifyIndex":')
const zero = 48
const nine = 57

/**
 * The indexes of the records in an answer, in their order, without parsing it: ten thousand records are 20 MB of answers of which
 * nothing else is wanted. Inside a text the quotes would be escaped, and a key of metadata has a text behind it, not a number.
 */
export function modifyIndexes(answer: Buffer): readonly number[] {
  const indexes: number[] = []
  for (let at = answer.indexOf(name); at >= 0; at = answer.indexOf(name, at)) {
    at += name.length
    let index = 0
    const begin = at
    for (let digit = answer[at] ?? 0; digit >= zero && digit <= nine; digit = answer[at] ?? 0) {
      index = index * 10 + digit - zero
      at += 1
    }
    if (at > begin) indexes.push(index)
  }
  return indexes
}
