import type { ReleaseView, RolloutView, UpgradesView } from '#shared/protocol/upgrade.ts'
import { age } from './age.ts'
import type { Colour, Style } from './style.ts'
import { type Cell, table } from './table.ts'

const colours: Readonly<Record<RolloutView['phase'], Colour>> = {
  running: 'doubtful',
  paused: 'doubtful',
  halted: 'bad',
  stopped: 'faint',
  done: 'good',
}

export function showRelease({ version, sha256, bytes, here, key }: ReleaseView): string {
  return `${version} is ${here === bytes ? 'there' : `at ${here} of ${bytes} bytes`}: sha256 ${sha256}, signed by the key ${key}`
}

/** Which agents have which version, the releases, and the rollouts: those that are open in full. */
export function showUpgrades({ releases, rollouts, versions }: UpgradesView, style: Style): string {
  const has = versions.map(({ version, nodes }) => `${nodes} ${version}`).join(', ')
  const rows = releases.map((each): Cell[] => [
    each.version,
    each.here === each.bytes ? 'whole' : `${Math.floor((each.here * 100) / each.bytes)}%`,
    `${(each.bytes / 1e6).toFixed(1)} MB`,
    each.key,
    each.by,
    age(each.at, style.now),
  ])
  const heads = ['RELEASE', 'FILE', 'SIZE', 'KEY', 'BY', 'AGE'].map((head) => ({ head }))
  return [
    has === '' ? 'No agent is known.' : `Agents: ${has}`,
    '',
    rows.length === 0 ? 'No release was added.' : table(heads, rows, style),
    ...rollouts.flatMap((rollout, index) => ['', index === 0 ? showRollout(rollout, style) : rolloutLine(rollout)]),
  ].join('\n')
}

/** One rollout: how far it is, who is under way, who failed, who is left out and why. */
export function showRollout(rollout: RolloutView, style: Style): string {
  const { phase, stages, stage, nodes, left_out, waiting_for, transitions, serial } = rollout
  const last = transitions.at(-1)
  return [
    style.paint(rolloutLine(rollout), colours[phase]),
    `  stage ${stages[stage] ?? '-'} of ${stages.join(', ')}, for ${age(rollout.since, style.now)}; serial ${serial}; by ${rollout.by}`,
    ...(last && phase !== 'running' ? [`  ${last.by}: ${last.code}${last.why === '' ? '' : `: ${last.why}`}`] : []),
    ...waiting_for.map((text) => `  waits for ${text}`),
    ...nodes.map(
      (each) =>
        `  ${each.name} (${each.node}): ${each.state} for ${age(each.since, style.now)}${each.why === '' ? '' : `: ${each.why}`}`,
    ),
    ...left_out.map((each) => `  left out: ${each.name} (${each.node}), ${each.version}: ${each.why}`),
  ].join('\n')
}

/** In one line, for whoever waits. */
export function rolloutLine({ id, version, scope, phase, counts }: RolloutView): string {
  const { all, asked, proven, failed } = counts
  const rest = [...(asked > 0 ? [`${asked} under way`] : []), ...(failed > 0 ? [`${failed} failed`] : [])]
  return `rollout ${id} of ${version} to ${scope} is ${phase}: ${proven} of ${all} proven${rest.length > 0 ? `, ${rest.join(', ')}` : ''}`
}
