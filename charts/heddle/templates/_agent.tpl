{{- /* What agent.yaml says. root; config: settings laid upon those of the chart; hostNetwork: on the node's network only its loopback asks; node: what it is to planes, pod or node */ -}}
{{- define "heddle.agentConfig" -}}
{{- $root := .root -}}
{{- $agent := $root.Values.agent -}}
{{- $planes := $agent.planes -}}
{{- if empty $planes -}}
{{- range include "heddle.planeHosts" $root | fromYamlArray -}}
{{- $planes = append $planes (printf "https://%s:8888" .) -}}
{{- end -}}
{{- end -}}
{{- $node := dict "site" $agent.site -}}
{{- if $agent.cluster -}}{{- $_ := set $node "cluster" $agent.cluster -}}{{- end -}}
{{- $identity := dict -}}
{{- if and (eq $agent.enrolment.by "token") $agent.enrolment.existingSecret -}}
{{- $_ := set $identity "token_file" "/etc/heddle/enrolment/token" -}}
{{- else if eq $agent.enrolment.by "kubernetes" -}}
{{- $_ := set $identity "kubernetes" (dict "token_file" "/var/run/secrets/heddle/token" "ca_file" "/var/run/secrets/heddle/ca.pem" "node" (default "pod" .node)) -}}
{{- end -}}
{{- $config := dict
  "planes" $planes
  "node" $node
  "identity" $identity
  "state_dir" "/var/lib/heddle-agent"
  "admin" (dict "address" (ternary "127.0.0.1" $agent.admin.address (default false .hostNetwork)) "port" (int $agent.admin.port))
-}}
{{- toYaml (mergeOverwrite $config (deepCopy (default dict .config))) -}}
{{- end -}}

{{- /* Who a node is, from the Pod. Quoted within: a name that looks like a number is a name. hostNetwork: it has the node's address. */ -}}
{{- define "heddle.agentEnv" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: NODE_NAME
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
- name: HOST_ADDRESS
  valueFrom: { fieldRef: { fieldPath: {{ ternary "status.hostIP" "status.podIP" .hostNetwork }} } }
- name: HEDDLE_NODE__NAME
  value: '"$({{ .name }})"'
# Agents on one machine do not stand for each other when it is lost.
- name: HEDDLE_NODE__MACHINE
  value: '"$(NODE_NAME)"'
- name: HEDDLE_NODE__ADDRESS
  value: '"$(HOST_ADDRESS)"'
{{- end -}}

{{- /* The container of an agent beside others. root, configMap; for other charts, too: they include it under initContainers. */ -}}
{{- define "heddle.agentSidecar" -}}
{{- $root := .root -}}
{{- $agent := $root.Values.agent -}}
- name: heddle-agent
  image: {{ include "heddle.image" (dict "root" $root "image" $agent.image) }}
  imagePullPolicy: {{ $agent.image.pullPolicy }}
  # Started before the others and ended after them, so it sees them from their first to their last moment.
  restartPolicy: Always
  args: [/etc/heddle/agent.yaml]
  env:
    {{- include "heddle.agentEnv" (dict "name" "POD_NAME" "hostNetwork" false) | nindent 4 }}
  {{- include "heddle.agentContainer" (dict "root" $root "hostNetwork" false) | trim | nindent 2 }}
  volumeMounts:
    - { name: heddle-agent-config, mountPath: /etc/heddle/agent.yaml, subPath: agent.yaml, readOnly: true }
    {{- with include "heddle.enrolmentMount" $root }}{{ . | trim | nindent 4 }}{{ end }}
    - { name: heddle-agent-state, mountPath: /var/lib/heddle-agent }
{{- end -}}

{{- define "heddle.agentSidecarVolumes" -}}
- name: heddle-agent-config
  configMap: { name: {{ .configMap }} }
{{- with include "heddle.enrolmentVolume" .root }}
{{ . }}
{{- end }}
- name: heddle-agent-state
  emptyDir: { sizeLimit: 256Mi }
{{- end -}}

{{- define "heddle.agentContainer" -}}
{{- $agent := .root.Values.agent -}}
{{- if .hostNetwork }}
# From the node's loopback: a probe by HTTP would come from elsewhere, and to name a host in it is an exception to `restricted`.
startupProbe:
  exec: { command: [/usr/bin/node, /usr/lib/heddle/ask-health.mjs, 'http://127.0.0.1:{{ $agent.admin.port }}/health'] }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 30
livenessProbe:
  exec: { command: [/usr/bin/node, /usr/lib/heddle/ask-health.mjs, 'http://127.0.0.1:{{ $agent.admin.port }}/health'] }
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 4
{{- else }}
ports:
  - { name: agent-admin, containerPort: {{ $agent.admin.port }} }
{{- if ne $agent.admin.address "127.0.0.1" }}
startupProbe:
  httpGet: { path: /health, port: agent-admin }
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /health, port: agent-admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
{{- end }}
resources:
  {{- toYaml $agent.resources | nindent 2 }}
securityContext:
  {{- include "heddle.containerSecurity" .root | nindent 2 }}
{{- end -}}

{{- define "heddle.enrolmentMount" -}}
{{- if eq .Values.agent.enrolment.by "kubernetes" -}}
- { name: heddle-enrolment, mountPath: /var/run/secrets/heddle, readOnly: true }
{{- else if .Values.agent.enrolment.existingSecret -}}
- { name: heddle-enrolment, mountPath: /etc/heddle/enrolment, readOnly: true }
{{- end -}}
{{- end -}}

{{- define "heddle.enrolmentVolume" -}}
{{- with .Values.agent.enrolment -}}
{{- if eq .by "kubernetes" -}}
- name: heddle-enrolment
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: { path: token, audience: {{ .audience }}, expirationSeconds: {{ .expirationSeconds }} }
      - configMap: { name: {{ .caConfigMap }}, items: [{ key: {{ .caKey }}, path: ca.pem }] }
{{- else if .existingSecret -}}
- name: heddle-enrolment
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items: [{ key: {{ .key }}, path: token }]
{{- end -}}
{{- end -}}
{{- end -}}
