import { Router } from 'express'
import type { ChangeView } from '#shared/protocol/change-api.ts'
import {
  RollbackRequest,
  type SettingsListView,
  SettingsRequest,
  type SettingsVersionView,
  type SettingsView,
} from '#shared/protocol/orders-api.ts'
import type { DocumentBelief, DocumentVersion } from '../fleet/documents.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { type AgentsSaid, settingsNodesView } from './desired-view.ts'
import { notKnown, Refusal, readBody } from './problem.ts'
import { changedMeanwhile, isConditional, sendContent, sendVersioned } from './version.ts'
import { isoTime } from './views.ts'

export type SettingsParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly agents: AgentsSaid
}

const mostBytes = 64 * 1024
/** Levels of a document: nobody writes deeper ones, and who reads them must not run out of stack. */
const mostDepth = 16

/** The settings that are held here for agents: by scope, with all that was said before. */
export function settingsRouter({ fleet, record, agents }: SettingsParts): Router {
  const router = Router()

  router.get('/settings', (_request, response) => {
    const held = [...fleet.settings.values()].sort((a, b) => (a.scope < b.scope ? -1 : 1))
    const view: SettingsListView = held.flatMap(({ scope, versions }) => {
      const newest = versions.at(-1)
      return newest ? [{ scope, ...historyOf(newest) }] : []
    })
    response.json(view)
  })

  router.get('/settings/:scope', (request, response) => {
    const { scope } = request.params
    sendVersioned(request, response, versionOf(scope), present(scope))
  })

  router.get('/settings/:scope/nodes', (request, response) => {
    const { scope } = request.params
    needScope(scope)
    sendContent(request, response, settingsNodesView(scope, fleet, agents))
  })

  router.get('/settings/:scope/versions/:version', (request, response) => {
    const { scope, version } = request.params
    sendContent(request, response, versionView(scope, versionNamed(scope, version)))
  })

  router.put('/settings/:scope', async (request, response) => {
    const { scope } = request.params
    needScope(scope)
    const { document, comment, by } = readBody(SettingsRequest, request.body)
    needSmall(document)
    const strict = isConditional(request, versionOf(scope), () => (fleet.settings.has(scope) ? present(scope) : {}))
    response.json(await write({ scope, document, comment, restores: null }, by, strict))
  })

  router.post('/settings/:scope/rollback', async (request, response) => {
    const { scope } = request.params
    const { to, comment, by } = readBody(RollbackRequest, request.body)
    const { document, version } = versionNamed(scope, String(to))
    const strict = isConditional(request, versionOf(scope), () => present(scope))
    response.json(await write({ scope, document, comment, restores: version }, by, strict))
  })

  type Written = Pick<DocumentVersion, 'document' | 'comment' | 'restores'> & { readonly scope: string }

  const write = async (written: Written, by: string, strict: boolean): Promise<ChangeView> => {
    const seen = strict ? { seen: fleet.settings.get(written.scope)?.revision ?? 0 } : {}
    const outcome = await record({ kind: 'settings-written', ...written }, { by: `operator:${by}`, ...seen })
    if (outcome === 'overtaken') throw changedMeanwhile(present(written.scope))
    return { changed: outcome === 'changed', revision: fleet.revision }
  }

  const versionOf = (scope: string) => `"${fleet.settings.get(scope)?.versions.at(-1)?.version ?? 0}"`

  const present = (scope: string): SettingsView => {
    const held = fleet.settings.get(scope)
    const newest = held?.versions.at(-1)
    if (!held || !newest) throw missing(scope)
    return { ...versionView(scope, newest), history: held.versions.map(historyOf).reverse() }
  }

  const versionNamed = (scope: string, text: string): DocumentVersion => {
    const held: DocumentBelief | undefined = fleet.settings.get(scope)
    if (!held) throw missing(scope)
    const found = held.versions.find(({ version }) => String(version) === text)
    if (!found)
      throw notKnown(
        `There is no version ${text} of the settings of ${scope}, or not any more.`,
        `settings show ${scope}`,
      )
    return found
  }

  const needScope = (scope: string) => {
    const [, node] = /^node:(.*)$/s.exec(scope) ?? []
    if (node !== undefined && !fleet.nodes.has(node)) throw notKnown(`There is no node ${node}.`, 'nodes')
    if (/^(?:all|site:.{1,200}|cluster:.{1,63}|node:.+)$/s.test(scope)) return
    throw new Refusal(400, `${scope.slice(0, 100)} is no scope.`, {
      problems: [{ field: 'scope', message: 'expected all, site:<name>, cluster:<name> or node:<id>' }],
    })
  }

  return router
}

function missing(scope: string): Refusal {
  return notKnown(`No settings are held for ${scope}.`, 'settings list')
}

function historyOf({ version, by, at, comment, restores }: DocumentVersion) {
  return { version, by, at: isoTime(at), comment, restores }
}

function versionView(scope: string, version: DocumentVersion): SettingsVersionView {
  return { scope, ...historyOf(version), document: { ...version.document } }
}

function needSmall(document: object): void {
  const problem = (message: string) =>
    new Refusal(400, '1 field(s) of the body are not valid.', { problems: [{ field: 'document', message }] })
  // Depth first: writing it out needs the stack that a deep one has not.
  let level: readonly unknown[] = [document]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > mostDepth) throw problem(`expected at most ${mostDepth} levels`)
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  if (Buffer.byteLength(JSON.stringify(document)) > mostBytes) throw problem(`expected at most ${mostBytes} bytes`)
}
