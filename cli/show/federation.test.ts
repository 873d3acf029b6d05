import t from 'tap'
import { run } from '#cli/program.ts'
import { decideCluster } from '#shared/federation/decide.ts'
import { defaultMargins, defaultRules } from '#shared/federation/policy.ts'
import { decisionReasons, type FederationDecision } from '#shared/protocol/federation.ts'
import { apiPlane } from '#test/support/api-plane.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { joined, spec } from '#test/support/serve-v1.ts'
import { showDecision } from './federation.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const decision: FederationDecision = decideCluster({
  type: 'resume',
  pin: 'auto',
  previous: undefined,
  policy: { rules: [...defaultRules(['zervigo', 'looma'])], margins: defaultMargins },
  clusters: [
    { name: 'zervigo', alive: true, health: 100, ai_capacity: 1, load: 0.4 },
    { name: 'looma', alive: true, health: 90.5, ai_capacity: 2.5, load: 0.5 },
  ],
})

t.test('a decision is told with its reason and its figures', async (t) => {
  const text = showDecision(decision, style)
  t.match(text, /^looma answers "resume" by rule resume: the load .* is not under the limit; then zervigo, once\.$/m)
  t.match(text, /^zervigo +alive +100 +1 +40%$/m)
})

for (const because of decisionReasons) {
  t.test(`${because} is told in words`, async (t) => {
    const text = showDecision({ ...decision, because, instead: 'zervigo', fallback: null, cluster: null }, style)
    t.match(text, /^Nobody answers "resume" by rule resume: [a-zA-Z, ]+; there is no other to fall back to\.$/m)
  })
}

t.test('the command shows the clusters and who answers', async (t) => {
  const { address } = await apiPlane(t, [
    ...joined,
    { kind: 'judged', instance: spec.id, health: 'passing', reason: { code: 'ok' } },
  ])
  const heddle = async (...args: readonly string[]) => {
    const { terminal, out } = capturedTerminal({ environment: { HEDDLE_PLANE: address } })
    return { code: await run(args, terminal), out: out() }
  }
  const all = await heddle('federation')
  t.match(all, { code: 0, out: /^zervigo +alive .* 1 of 1 +0 of 1 +api-gateway$/m })
  t.match(all, { out: /^other +zervigo .* anything else$/m })
  t.match(await heddle('federation', 'decide', 'ai', '--pin', 'looma'), {
    code: 0,
    out: /looma is wanted, but not alive/,
  })
  t.match(JSON.parse((await heddle('federation', 'decide', 'ai', '--json')).out), { because: 'only_alive' })
  t.equal((await heddle('federation', 'decide', 'ai', '--pin', 'mars')).code, 2)
})

t.test('where nobody answers the command says so by its code', async (t) => {
  const { address } = await apiPlane(t, [])
  const { terminal, out } = capturedTerminal({ environment: { HEDDLE_PLANE: address } })
  t.equal(await run(['federation', 'decide', 'ai'], terminal), 1)
  t.match(out(), /^Nobody answers "ai" by rule ai: no cluster is alive/m)
})
