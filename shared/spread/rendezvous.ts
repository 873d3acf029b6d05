/**
 * The members in the order in which a key prefers them ("highest random weight"). Each key has an order of its own, so keys spread evenly
 * over the members; when one goes, its keys spread over the others and no other key moves; when one comes, it takes only its share.
 * Everybody who knows the same members finds the same order, whatever order they are named in. A member named twice counts once.
 * Source: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996.
 */
export function preferred(key: string, members: Iterable<string>): readonly string[] {
  const weighed = [...new Set(members)].map((member) => ({ member, weight: weightOf(key, member) }))
  return weighed.sort(byWeight).map(({ member }) => member)
}

/** The first of `preferred`; undefined: there is no member. */
export function ownerOf(key: string, members: Iterable<string>): string | undefined {
  let owner: Weighed | undefined
  for (const member of members) {
    const each = { member, weight: weightOf(key, member) }
    if (owner === undefined || byWeight(each, owner) < 0) owner = each
  }
  return owner?.member
}

type Weighed = { readonly member: string; readonly weight: number }

function byWeight(a: Weighed, b: Weighed): number {
  return b.weight - a.weight || (a.member < b.member ? -1 : a.member > b.member ? 1 : 0)
}

/** FNV-1a over both, then the finisher of MurmurHash3: without it names that differ in their last letter would hardly be told apart. */
function weightOf(key: string, member: string): number {
  let hash = add(add(0x811c9dc5, key) ^ 0x1f, member)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function add(hash: number, text: string): number {
  let next = hash
  for (let at = 0; at < text.length; at += 1) next = Math.imul(next ^ text.charCodeAt(at), 0x01000193)
  return next
}
