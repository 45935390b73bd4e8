{{- define "fairlead.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}

{{/* Name of a role's objects. Takes root and role. */}}
{{- define "fairlead.roleName" -}}
{{ include "fairlead.name" .root }}{{ if ne .role "hub" }}-{{ .role }}{{ end }}
{{- end -}}

{{/* What a role's Pods are selected by. Takes root and role. */}}
{{- define "fairlead.selector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{/* Labels of every object. Takes root and role. */}}
{{- define "fairlead.labels" -}}
{{ include "fairlead.selector" . }}
app.kubernetes.io/part-of: fairlead
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* The roles that run in this mode, with commas between them. */}}
{{- define "fairlead.roles" -}}
{{ if eq .Values.mode "embedded" }}hub{{ else }}api,gateway,sources,planner{{ end }}
{{- end -}}

{{- define "fairlead.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The port of an address. Takes url and default. */}}
{{- define "fairlead.port" -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+(/|$)" .url | trimSuffix "/") | default .default -}}
{{- end -}}
