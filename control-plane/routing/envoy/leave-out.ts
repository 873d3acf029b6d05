/**
 * Takes an item out of a list; answers whether it was there. Answers are replied to in turn, so it is nearly always the first; `splice` would
 * make a list of what it takes out.
 */
export function leaveOut<T>(items: T[], item: T): boolean {
  if (items[0] === item && items.length > 0) {
    items.shift()
    return true
  }
  const at = items.indexOf(item)
  if (at >= 0) items.splice(at, 1)
  return at >= 0
}
