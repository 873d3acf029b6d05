import type { AgentPage } from '../agent-page.ts'
import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('agent')

/**
 * What is to be said of an agent by its own page.
 * @param isRunning a process runs by this configuration, as far as that can be seen
 */
export function agentFindings(
  page: AgentPage,
  { file, isRunning }: { readonly file: string; readonly isRunning: boolean },
): readonly Finding[] {
  switch (page.kind) {
    case 'off':
      return [ok(`the page of the agent is switched off (${file}): how it is, only the plane says`)]
    case 'failed': {
      const { step, why, tookMs } = page.failed
      if (!isRunning) return [ok(`no agent runs by ${file} yet`)]
      const text = `the agent of ${file} runs, and its page ${page.url} does not answer (step ${step}, ${tookMs} ms): ${why}`
      const remedy =
        'Where the port was changed, restart the agent; else look at its log: journalctl -u heddle-agent -n 50.'
      return [error(text, remedy)]
    }
    case 'stranger': {
      const text = `what answers at ${page.url} is no agent: status ${page.status} for /health`
      return [error(text, `Stop it, or give the agent another admin.port in ${file}.`)]
    }
    case 'answered':
      return healthFindings(page)
  }
}

function healthFindings({ health, tookMs }: Extract<AgentPage, { readonly kind: 'answered' }>): readonly Finding[] {
  const { node, version, session, certificate, unacknowledged } = health
  const found: Finding[] = []
  const who = `the agent ${node} (${version})`
  if (session.state === 'connected') found.push(ok(`${who} is heard by ${session.plane} (${tookMs} ms)`))
  else {
    const since = Math.round(session.for_ms / 1000)
    const text = `no plane hears ${who} for ${since} s: ${session.why ?? session.state}`
    const remedy = 'The checks identity and plane say what is in its way; it keeps what happens and tells it later.'
    found.push((since < 10 ? warning : error)(text, remedy))
  }
  if (certificate?.state === 'waiting') {
    found.push(warning(`${who} waits until somebody lets it in`, `heddle identity approve ${node}`))
  } else if (certificate?.why !== undefined && session.state === 'connected') {
    found.push(warning(`${who} was refused its next certificate: ${certificate.why}`, `heddle identity show ${node}`))
  }
  if (session.state === 'connected' && unacknowledged > 1_000) {
    const text = `${unacknowledged} reports of ${who} are not acknowledged yet`
    found.push(warning(text, 'It catches up by itself, unless the plane is slow: heddle status.'))
  }
  return found
}
