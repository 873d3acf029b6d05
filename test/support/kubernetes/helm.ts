import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { type Folder, temporaryFolder } from '../folder.ts'
import { missingParts, programOf, projectFolder } from '../parts.ts'
import { plainEnvironment } from '../plain-environment.ts'
import type { KubeObject } from './objects.ts'

export const chart = join(projectFolder, 'charts/heddle')

/** Why there is no Helm here; false: there is one. */
export function noHelm(): string | false {
  return missingParts(['helm']).length > 0 && 'helm is not set up: node setup.mjs --part helm'
}

export type Outcome = { readonly code: number; readonly out: string; readonly err: string }

/** A real Helm with a home of its own. */
export class Helm implements AsyncDisposable {
  readonly #folder: Folder
  readonly #kubeconfig: string
  #files = 0

  private constructor(folder: Folder, kubeconfig: string) {
    this.#folder = folder
    this.#kubeconfig = kubeconfig
  }

  /** @param kubeconfig by which it reaches a cluster; left out: it reaches none */
  static async open(kubeconfig = '/nonexistent'): Promise<Helm> {
    return new Helm(await temporaryFolder('helm'), kubeconfig)
  }

  run(...args: readonly string[]): Promise<Outcome> {
    const home = (name: string) => join(this.#folder.path, name)
    const env = {
      ...plainEnvironment(process.env),
      HOME: this.#folder.path,
      HELM_CACHE_HOME: home('cache'),
      HELM_CONFIG_HOME: home('config'),
      HELM_DATA_HOME: home('data'),
      KUBECONFIG: this.#kubeconfig,
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const options = { env, timeout: 120_000, maxBuffer: 32 * 1024 * 1024 }
    execFile(programOf('helm'), args, options, (error, out, err) => {
      const code = typeof error?.code === 'number' ? error.code : error ? 1 : 0
      resolve({ code, out, err })
    })
    return promise
  }

  /** The same, where only success will do: what it wrote to standard output. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(...args)
    if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}:\n${err}\n${out}`)
    return out
  }

  /** A file with values. */
  async values(values: object): Promise<string> {
    this.#files += 1
    const file = join(this.#folder.path, `values-${this.#files}.yaml`)
    await writeFile(file, stringify(values))
    return file
  }

  /** What the chart makes of values, without a cluster. */
  async template(values: object | string, { release = 'test', namespace = 'heddle' } = {}): Promise<string> {
    const file = typeof values === 'string' ? values : await this.values(values)
    return this.must('template', release, chart, '--namespace', namespace, '--values', file)
  }

  /** The same as objects, without those of tests and hooks unless they are asked for. */
  async objects(
    values: object | string,
    where: { release?: string; namespace?: string } = {},
  ): Promise<readonly KubeObject[]> {
    return objectsIn(await this.template(values, where))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** The objects of a text of manifests. Throws where it is no YAML. */
export function objectsIn(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0]
    const object: unknown = document.toJS()
    return object === null || object === undefined ? [] : [object as KubeObject]
  })
}

/** Kinds that hold a template of Pods, and Pods themselves: what a Pod made from them is. */
export function podOf({ kind, metadata, spec }: KubeObject): KubeObject | undefined {
  if (kind === 'Pod')
    return { apiVersion: 'v1', kind, metadata: { name: metadata.name, labels: metadata.labels ?? {} }, spec }
  const template = spec?.template
  if (template === undefined || kind === 'Job') return undefined
  const name = kind === 'StatefulSet' ? `${metadata.name}-0` : `${metadata.name}-x`
  // What the controllers would do: name it, and give it the volumes of its claims.
  const claims: readonly KubeObject[] = spec.volumeClaimTemplates ?? []
  const volumes = [
    ...(template.spec.volumes ?? []),
    ...claims.map((claim) => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: `${claim.metadata.name}-${name}` },
    })),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...template.metadata },
    spec: { ...template.spec, volumes },
  }
}
