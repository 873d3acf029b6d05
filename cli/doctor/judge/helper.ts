import type { HelperAnswer } from '#shared/host/ask-helper.ts'
import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('helper')

/**
 * What is to be said of the helper by what it answers to `about`.
 * @param isWanted the configuration names it, or it is installed
 * @param agentVersion of the agent that runs beside it; undefined: none does
 */
export function helperFinding(
  answer: HelperAnswer,
  {
    socket,
    isWanted,
    agentVersion,
  }: { readonly socket: string; readonly isWanted: boolean; readonly agentVersion: string | undefined },
): Finding {
  const who = `the helper at ${socket}`
  if (answer.kind === 'absent') return absentFinding(answer.why, { who, socket, isWanted })
  if (answer.kind === 'refused') {
    const { code, why } = answer
    if (code === 'no-list') {
      const remedy =
        'Correct /etc/heddle/helper.yaml: root:root, 0644, a file and no link, in folders that only root writes.'
      return error(`${who} does not take its list, and so does nothing: ${why}`, remedy)
    }
    if (code === 'unknown-verb' || code === 'malformed') {
      return warning(
        `${who} is of an older version`,
        'systemctl stop heddle-helper.service: the next question starts the new one.',
      )
    }
    return error(`${who} does not answer: ${why}`, 'journalctl -u heddle-helper -n 50 says why.')
  }
  const { version, restart, reload, measure } = answer.given
  if (typeof version !== 'string')
    return error(`what answers at ${socket} is no helper`, 'Stop it, or correct helper.socket.')
  if (agentVersion !== undefined && agentVersion !== version) {
    const remedy = 'systemctl restart heddle-agent; systemctl stop heddle-helper.service: both are then of the package.'
    return warning(`${who} is of version ${version}, the agent of ${agentVersion}`, remedy)
  }
  const may = `restart ${listed(restart)}, reload ${listed(reload)}, measure ${listed(measure)}`
  return ok(`${who} is of version ${version}; it may ${may}`)
}

function absentFinding(
  code: string,
  { who, socket, isWanted }: { readonly who: string; readonly socket: string; readonly isWanted: boolean },
): Finding {
  if (code === 'ENOENT') {
    if (!isWanted) return ok(`there is no helper on this host: the agent does what its own user may`)
    const remedy =
      'systemctl enable --now heddle-helper.socket; where none is wanted: helper: { enabled: false } in agent.yaml.'
    return warning(`there is no ${socket}, where the agent would ask the helper`, remedy)
  }
  if (code === 'ECONNREFUSED') {
    return error(`${who} is there, and nobody listens (${code})`, 'systemctl restart heddle-helper.socket')
  }
  return warning(`${who} cannot be asked by this user (${code})`, 'Run the doctor as root.')
}

function listed(names: unknown): string {
  if (!Array.isArray(names) || names.length === 0) return 'nothing'
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}
