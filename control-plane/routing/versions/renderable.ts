import type { Problem } from '#shared/config/problem.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import type { Declaration } from '../declaration/declaration.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { renderEnvoyFiles } from '../envoy/render-files.ts'
import { renderNginx } from '../nginx/render.ts'
import { fillTable, tableFrames } from '../table/build.ts'
import { wantedServices } from '../table/service-index.ts'

/** What keeps a gateway's table from being written down for its proxy, though the declaration is right in itself. */
export function unrenderable(declaration: Declaration): readonly Problem[] {
  const wanted = wantedServices(declaration, defaultPolicy)
  return [...tableFrames(declaration).values()].flatMap((frame) => {
    const table = fillTable(frame, (name) => {
      const { cluster: _, side: __, ...policy } = wanted.get(name) ?? { ...defaultPolicy, source: frame.source }
      return { name, ...policy, endpoints: [] }
    })
    try {
      if (frame.proxy === 'nginx') renderNginx(table, 0)
      else renderEnvoyFiles(table, 0)
      return []
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const [, file = frame.source, line] = /^(.*):(\d+)$/.exec(frame.source) ?? []
      const place = line === undefined ? { file } : { file, line: Number(line) }
      return [{ ...place, path: `gateways.${frame.gateway}`, message: explainError(error) }]
    }
  })
}
