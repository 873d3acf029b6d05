import { join } from 'node:path'
import { enter } from '#test/chaos/world/enter.ts'
import { projectFolder } from '../parts.ts'

/** Plays a story in namespaces of its own and resolves with what was seen, the last line that it wrote. */
export async function enterStory<T>(story: string): Promise<T> {
  let output = ''
  const onText = (text: string) => {
    output += text
  }
  const code = await enter([join(projectFolder, 'test/support/half-dead/play.ts'), story], {
    withinMs: 110_000,
    onText,
  })
  if (code !== 0) throw new Error(`the story ended with code ${code}: ${output.slice(-4_000)}`)
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as T
}
