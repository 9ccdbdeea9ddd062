{{- define "ballast.labels" -}}
app.kubernetes.io/name: {{ . }}
app.kubernetes.io/part-of: ballast
{{- end }}

{{- define "ballast.image" -}}
{{ .root.Values.image.registry }}ballast/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "ballast.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "ballast.agentHost" -}}
ballast-agent.ballast-agents.svc.{{ .Values.clusterDomain }}
{{- end }}

{{- define "ballast.wasm" -}}
url: {{ .Values.plugin.url | default (printf "http://ballast-plugin.ballast-agents.svc.%s/plugin/%s/ballast.wasm" .Values.clusterDomain .Values.plugin.sha256) }}
sha256: {{ .Values.plugin.sha256 }}
failStrategy: FAIL_OPEN
pluginConfig:
  agentCluster: outbound|15080||{{ include "ballast.agentHost" . }}
{{- end }}
