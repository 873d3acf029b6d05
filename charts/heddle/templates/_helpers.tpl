{{- define "heddle.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Ends before 40 characters: Pods of a StatefulSet and ConfigMaps of side containers have more behind it. */ -}}
{{- define "heddle.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "heddle.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "heddle.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "heddle.planeName" -}}{{ include "heddle.fullname" . }}-control-plane{{- end -}}
{{- define "heddle.agentName" -}}{{ include "heddle.fullname" . }}-agent{{- end -}}
{{- define "heddle.gatewayName" -}}{{ include "heddle.fullname" . }}-gateway{{- end -}}

{{- define "heddle.selector" -}}
app.kubernetes.io/name: {{ include "heddle.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "heddle.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "heddle.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: heddle
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* root, component, labels and annotations of a Pod template */ -}}
{{- define "heddle.podLabels" -}}
{{ include "heddle.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: heddle
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with .labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "heddle.image" -}}
{{- $registry := default .image.registry .root.Values.global.imageRegistry -}}
{{- $name := ternary .image.repository (printf "%s/%s" $registry .image.repository) (empty $registry) -}}
{{- if .image.digest -}}
{{ printf "%s@%s" $name .image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) }}
{{- end -}}
{{- end -}}

{{- define "heddle.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "heddle.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "heddle.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "heddle.serviceAccount" -}}
{{- if .account.create -}}
{{ default .name .account.name }}
{{- else -}}
{{ default "default" .account.name }}
{{- end -}}
{{- end -}}

{{- /* root, component, part (values with affinity, antiAffinity, topologySpreadConstraints, nodeSelector, tolerations, priorityClassName) */ -}}
{{- define "heddle.placement" -}}
{{- $selector := include "heddle.selector" . | fromYaml -}}
{{- with .part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- $how := default "none" .part.antiAffinity }}
{{- if .part.affinity }}
affinity:
  {{- toYaml .part.affinity | nindent 2 }}
{{- else if eq $how "soft" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- toYaml $selector | nindent 14 }}
{{- else if eq $how "hard" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- toYaml $selector | nindent 12 }}
{{- end }}
{{- with .part.topologySpreadConstraints }}
topologySpreadConstraints:
{{- range . }}
  - {{ merge (dict) . (ternary (dict) (dict "labelSelector" (dict "matchLabels" $selector)) (hasKey . "labelSelector")) | toYaml | nindent 4 | trim }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Where agents and gateways find the planes: a name for each, so that agents spread evenly over them. */ -}}
{{- define "heddle.planeHosts" -}}
{{- $name := include "heddle.planeName" . -}}
{{- $hosts := list -}}
{{- range $index := until (int .Values.controlPlane.replicas) -}}
{{- $hosts = append $hosts (printf "%s-%d.%s-headless.%s.svc.%s" $name $index $name $.Release.Namespace $.Values.clusterDomain) -}}
{{- end -}}
{{- toYaml $hosts -}}
{{- end -}}

{{- define "heddle.check" -}}
{{- if and (gt (int .Values.controlPlane.replicas) 1) (empty .Values.controlPlane.postgresql.host) -}}
{{- fail "controlPlane.replicas: more than one plane needs a store that they share: set controlPlane.postgresql.host" -}}
{{- end -}}
{{- if le (int .Values.controlPlane.terminationGracePeriodSeconds) (add (int .Values.controlPlane.preStopSeconds) 20 | int) -}}
{{- fail "controlPlane.terminationGracePeriodSeconds: a plane needs more than preStopSeconds and 20 s to hand its agents over and to flush" -}}
{{- end -}}
{{- if le (int .Values.gateway.terminationGracePeriodSeconds) (int .Values.gateway.drainSeconds) -}}
{{- fail "gateway.terminationGracePeriodSeconds: must be more than gateway.drainSeconds" -}}
{{- end -}}
{{- $agents := or .Values.agent.daemonset.enabled .Values.gateway.enabled .Values.agent.sidecars -}}
{{- if and .Values.gateway.enabled (eq .Values.agent.enrolment.by "token") (empty .Values.agent.enrolment.existingSecret) -}}
{{- fail "agent.enrolment.existingSecret: the agent beside a gateway needs an enrolment token; or set agent.enrolment.by to kubernetes" -}}
{{- end -}}
{{- if and .Values.agent.daemonset.enabled (eq .Values.agent.enrolment.by "token") (empty .Values.agent.enrolment.existingSecret) -}}
{{- fail "agent.enrolment.existingSecret: agents need an enrolment token; or set agent.enrolment.by to kubernetes" -}}
{{- end -}}
{{- if and $agents (eq .Values.agent.enrolment.by "kubernetes") (not .Values.kubernetes.enrolment.enabled) (empty .Values.agent.planes) -}}
{{- fail "kubernetes.enrolment.enabled: agents of this release are to enrol by their service account, so the planes must review its tokens" -}}
{{- end -}}
{{- if and $agents (eq .Values.agent.enrolment.by "kubernetes") (empty .Values.agent.enrolment.caConfigMap) -}}
{{- fail "agent.enrolment.caConfigMap: agents give their service account's token only to planes that they can know by heddle-ca.pem" -}}
{{- end -}}
{{- if and .Values.kubernetes.enrolment.enabled .Values.agent.daemonset.enabled (not .Values.agent.daemonset.serviceAccount.create) (empty .Values.agent.daemonset.serviceAccount.name) -}}
{{- fail "agent.daemonset.serviceAccount.name: by the namespace's default service account every Pod there would be let in as the agent of its node" -}}
{{- end -}}
{{- if and .Values.kubernetes.enrolment.enabled .Values.gateway.enabled (not .Values.gateway.serviceAccount.create) (empty .Values.gateway.serviceAccount.name) -}}
{{- fail "gateway.serviceAccount.name: by the namespace's default service account every Pod there would be let in as a gateway" -}}
{{- end -}}
{{- if and (or .Values.kubernetes.enrolment.enabled .Values.kubernetes.source.enabled) (not .Values.controlPlane.serviceAccount.create) (empty .Values.controlPlane.serviceAccount.name) -}}
{{- fail "controlPlane.serviceAccount.name: the namespace's default service account would be granted what the planes need, with every Pod that has it" -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor.enabled (or (empty .Values.monitoring.serviceMonitor.tokenSecret) (empty .Values.monitoring.serviceMonitor.caConfigMap)) -}}
{{- fail "monitoring.serviceMonitor: the planes ask for a token (tokenSecret) and are known by their authority (caConfigMap)" -}}
{{- end -}}
{{- end -}}
