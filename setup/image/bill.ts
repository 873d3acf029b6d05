import type { Bill, Component, Lock } from '../supply-chain/bill.ts'
import type { DebianPackage } from './lock.ts'

export type About = {
  /** The image's name. */
  readonly name: string
  readonly version: string
  /** As Debian calls it. */
  readonly arch: string
  readonly nodeVersion: string
  readonly debian: readonly DebianPackage[]
  /** The places of its npm packages in package-lock.json. */
  readonly npm: readonly string[]
  readonly lock: Lock
}

/** The bill of materials of an image: of the bill of all that is shipped what is in it, the Debian packages, and Node. */
export function imageBill(shipped: Bill, about: About): Bill {
  const { name, version, nodeVersion, debian, arch } = about
  const places = new Set(about.npm.map((place) => `${nameAt(place)}@${about.lock.packages[place]?.version}`))
  const npm = shipped.components.filter((each) => places.has(`${each.name}@${each.version}`))
  const own = `pkg:oci/${name}@${version}`
  const components = [...npm, nodeComponent(nodeVersion), ...debian.map((each) => debianComponent(each, arch))]
  const refs = new Set(components.map((each) => each['bom-ref']))
  const { component: _, ...metadata } = shipped.metadata
  return {
    ...shipped,
    metadata: { ...metadata, component: { 'bom-ref': own, type: 'container', name, version } },
    components,
    dependencies: [
      { ref: own, dependsOn: [...refs] },
      ...shipped.dependencies
        .filter(({ ref }) => refs.has(ref))
        .map((each) => ({ ...each, dependsOn: (each.dependsOn ?? []).filter((ref) => refs.has(ref)) })),
    ],
  }
}

function nodeComponent(version: string): Component {
  const purl = `pkg:generic/node@${version}`
  // By this name advisories speak of it.
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`
  return { 'bom-ref': purl, type: 'application', name: 'node', version, purl, cpe }
}

function debianComponent({ name, version, sha256, because }: DebianPackage, arch: string): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`
  const hashes = [{ alg: 'SHA-256', content: sha256 }]
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    hashes,
    description: `in the image because: ${because}`,
  }
}

function nameAt(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
