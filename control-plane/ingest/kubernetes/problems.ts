import type { KubernetesStatus } from './source.ts'

/** What of the clusters waits for a person. */
export function kubernetesProblems(clusters: readonly KubernetesStatus[]): readonly string[] {
  return clusters.flatMap(({ cluster, error, held, leftOut }) => [
    ...(error === undefined
      ? []
      : [
          `Kubernetes ${cluster}: ${error}. What is known of it stays as it was; docs/kubernetes-source.md says what it takes.`,
        ]),
    ...(held === 0
      ? []
      : [
          `Kubernetes ${cluster}: a list did not name ${held} instances, nor any slice of their Services. They stay until \`heddle deletions approve --datacenter kubernetes:${cluster}\`, or until they are named again.`,
        ]),
    ...(leftOut.beyond === undefined
      ? []
      : [`Kubernetes ${cluster}: ${leftOut.beyond} endpoints are more than kubernetes.clusters[].most lets in.`]),
  ])
}
