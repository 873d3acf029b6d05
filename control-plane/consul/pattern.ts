/** Whether a text fits a name in which `*` stands for any characters. */
export function matcher(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true
  if (!pattern.includes('*')) return (text) => text === pattern
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return (text) => expression.test(text)
}
