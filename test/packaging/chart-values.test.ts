import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml'
import { projectFolder } from '#test/support/parts.ts'

const folder = join(projectFolder, 'charts/heddle')
const values = await readFile(join(folder, 'values.yaml'), 'utf8')
const schema = JSON.parse(await readFile(join(folder, 'values.schema.json'), 'utf8'))

type Schema = {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

function resolved(each: Schema | undefined): Schema {
  const name = each?.$ref?.replace('#/$defs/', '')
  return name === undefined ? (each ?? {}) : schema.$defs[name]
}

function pathsOfSchema(each: Schema, path: string): readonly string[] {
  const { properties } = resolved(each)
  if (properties === undefined) return [path]
  return Object.entries(properties).flatMap(([key, child]) => pathsOfSchema(child, `${path}.${key}`))
}

/** As deep as the schema names keys: below, what stands there is an example. */
function pathsOfValues(value: unknown, each: Schema, path: string): readonly string[] {
  const { properties } = resolved(each)
  if (properties === undefined || typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, child]) => pathsOfValues(child, properties[key] ?? {}, `${path}.${key}`))
}

t.test('each value has its place in the schema, and each place its value', async (t) => {
  // What is claimed of devices has no default.
  const wanted = pathsOfSchema(schema, '').filter((path) => !path.endsWith('.resources.claims'))
  t.strictSame(pathsOfValues(parse(values), schema, '').toSorted(), wanted.toSorted())
})

t.test('the schema knows no key that it does not name, but where keys are free', async (t) => {
  const open: string[] = []
  const look = (each: Schema, path: string) => {
    const { properties, additionalProperties } = resolved(each)
    if (properties === undefined) return
    if (additionalProperties !== false) open.push(path)
    for (const [key, child] of Object.entries(properties)) look(child, `${path}.${key}`)
  }
  look(schema, '')
  // Parents share it among all their charts.
  t.strictSame(open, ['.global'])
})

t.test('each part of the values is explained where it stands', async (t) => {
  // What says the same wherever it stands, and what its name says whole.
  const known =
    /^(image|cliImage|registry|repository|tag|digest|pullPolicy|port|database|user|size|create|name|annotations|labels|enabled|type|resources|podAnnotations|podLabels|nodeSelector|tolerations|affinity|priorityClassName|topologySpreadConstraints|antiAffinity|maxUnavailable|minReplicas|maxReplicas|replicas|site|concurrency|maxHeapMib|maxConnections|terminationGracePeriodSeconds|targetCPUUtilizationPercentage|podDisruptionBudget|serviceAccount|service|interval|[a-zA-Z]*Key|key|accessModes|extraEnv|ports|readiness|existingSecret|config|minReadySeconds|prometheusRule|gatewayGrant|requests|limits)$/
  const silent: string[] = []
  const look = (map: YAMLMap, path: string, explained: boolean) => {
    map.items.forEach((pair, index) => {
      const key = isScalar(pair.key) ? pair.key : undefined
      const name = String(key?.value)
      const above = index === 0 ? map.commentBefore : undefined
      const said = Boolean(key?.commentBefore ?? above ?? (isScalar(pair.value) ? pair.value.comment : undefined))
      const inside = isMap(pair.value) && !pair.value.flow
      if (!said && !explained && !known.test(name) && !inside) silent.push(`${path}.${name}`)
      if (inside) look(pair.value as YAMLMap, `${path}.${name}`, false)
    })
  }
  const { contents } = parseDocument(values)
  if (isMap(contents)) look(contents, '', false)
  t.strictSame(silent, [])
})

t.test('the chart has the version of what it installs', async (t) => {
  const { version } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
  t.match(parse(await readFile(join(folder, 'Chart.yaml'), 'utf8')), { version, appVersion: version })
})
