{{- /* What control-plane.yaml says: what the chart knows, and laid upon it what the values say. */ -}}
{{- define "heddle.planeConfig" -}}
{{- $plane := .Values.controlPlane -}}
{{- $name := include "heddle.planeName" . -}}
{{- $service := printf "%s.%s.svc" $name .Release.Namespace -}}
{{- $names := concat (list $name (printf "%s.%s" $name .Release.Namespace) $service (printf "%s.%s" $service .Values.clusterDomain)) $plane.extraNames -}}
{{- $config := dict
  "api" (dict "address" "0.0.0.0" "port" 8888 "names" $names)
  "site" $plane.site
  "journal" (dict "path" "/var/lib/heddle-plane/heddle.db")
  "identity" (dict "secret_file" "/etc/heddle/installation/heddle-secret")
  "access" (dict "run_dir" "/run/heddle/plane")
  "routing" (dict "xds" (dict "address" "0.0.0.0" "port" 18000))
-}}
{{- with $plane.postgresql -}}
{{- if .host -}}
{{- $postgresql := dict "host" .host "port" (int .port) "database" .database "user" .user "connections" (int .connections) -}}
{{- /* Helm reads off as false. */ -}}
{{- if has (toString .tls) (list "off" "false") -}}
{{- $_ := set $postgresql "tls" "off" -}}
{{- else if .tls -}}
{{- $_ := set $postgresql "tls" .tls -}}
{{- end -}}
{{- if .existingSecret -}}
{{- $_ := set $postgresql "password_file" "/etc/heddle/postgresql/password" -}}
{{- if .caKey -}}{{- $_ := set $postgresql "ca_file" "/etc/heddle/postgresql/ca.pem" -}}{{- end -}}
{{- end -}}
{{- $_ := set $config.journal "postgresql" $postgresql -}}
{{- end -}}
{{- end -}}
{{- if $plane.authority.existingSecret -}}
{{- $_ := set $config.identity "authority" (dict "certificate_file" "/etc/heddle/authority/certificate.pem" "key_file" "/etc/heddle/authority/key.pem") -}}
{{- end -}}
{{- if or $plane.declaration $plane.existingDeclaration -}}
{{- $_ := set $config.routing "declaration" "/etc/heddle/routes" -}}
{{- end -}}
{{- include "heddle.kubernetesConfig" (dict "root" . "config" $config) -}}
{{- toYaml (mergeOverwrite $config (deepCopy $plane.config)) -}}
{{- end -}}

{{- /* This cluster as a source, and as one whose agents may come: puts it into the config. */ -}}
{{- define "heddle.kubernetesConfig" -}}
{{- $root := .root -}}
{{- $source := $root.Values.kubernetes.source -}}
{{- $enrolment := $root.Values.kubernetes.enrolment -}}
{{- if or $source.enabled $enrolment.enabled -}}
{{- $cluster := dict "name" $root.Values.kubernetes.clusterName -}}
{{- if $source.enabled -}}
{{- $_ := set $cluster "namespaces" $source.namespaces -}}
{{- $_ := set $cluster "services" $source.services -}}
{{- $_ := set $cluster "pods" $source.pods -}}
{{- $cluster = mergeOverwrite $cluster (deepCopy $source.config) -}}
{{- end -}}
{{- if $enrolment.enabled -}}
{{- $allow := list -}}
{{- if $root.Values.agent.daemonset.enabled -}}
{{- $account := include "heddle.serviceAccount" (dict "account" $root.Values.agent.daemonset.serviceAccount "name" (include "heddle.agentName" $root)) -}}
{{- $allow = append $allow (dict "namespace" $root.Release.Namespace "service_account" $account "node" "node" "grant" $enrolment.agentGrant) -}}
{{- end -}}
{{- if $root.Values.gateway.enabled -}}
{{- $account := include "heddle.serviceAccount" (dict "account" $root.Values.gateway.serviceAccount "name" (include "heddle.gatewayName" $root)) -}}
{{- $grant := merge (dict "gateways" (list $root.Values.gateway.name)) $enrolment.gatewayGrant -}}
{{- $allow = append $allow (dict "namespace" $root.Release.Namespace "service_account" $account "node" "pod" "grant" $grant) -}}
{{- end -}}
{{- $_ := set $cluster "enrolment" (dict "audience" $root.Values.agent.enrolment.audience "allow" (concat $allow $enrolment.allow)) -}}
{{- end -}}
{{- $_ := set .config "kubernetes" (dict "clusters" (list $cluster)) -}}
{{- end -}}
{{- end -}}
