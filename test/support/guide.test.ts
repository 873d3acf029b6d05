import t from 'tap'
import { guideBlocks, guideOutput, guideScript } from './guide.ts'

const markdown = `# Title

## 1 First

\`a.yaml\` is not this one; \`b/c.yaml\`:

\`\`\`yaml
key: 1
\`\`\`

1. in a list

   \`\`\`sh
   if true
     then echo "it's"
   fi
   \`\`\`

\`\`\`json
{}
\`\`\`

## 2 It's second

\`\`\`sh
run &
\`\`\`
`

t.test('a guide is what its reader types, in order', async (t) => {
  t.strictSame(guideBlocks(markdown), [
    { section: '1 First', kind: 'file', path: 'b/c.yaml', text: 'key: 1\n' },
    { section: '1 First', kind: 'commands', text: 'if true\n  then echo "it\'s"\nfi\n' },
    { section: "2 It's second", kind: 'commands', text: 'run &\n' },
  ])
  t.throws(() => guideBlocks('```yaml\na: 1\n```\n'), /no file is named/)
})

t.test('as a script it says where it is', async (t) => {
  const script = guideScript(guideBlocks(markdown), (text) => text.replace('run', 'walk'))
  t.match(script, "cat > 'b/c.yaml' <<'END OF FILE'\nkey: 1\nEND OF FILE\n")
  t.match(script, "echo '@@ 2 It'\\''s second'\nwalk &\n")
  t.strictSame(
    [...guideOutput("before\n@@ 1 First\none\ntwo\n@@ 2 It's second\n")],
    [
      ['1 First', 'one\ntwo'],
      ["2 It's second", ''],
    ],
  )
})
