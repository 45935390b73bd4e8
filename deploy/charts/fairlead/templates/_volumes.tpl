{{/*
The Secrets that a role mounts, each a folder of one file: rotated, it is there without a restart. A list of
folder, secret, key, and the file that the key becomes. Takes root and role.
*/}}
{{- define "fairlead.secrets" -}}
{{- $values := .root.Values -}}
{{- $git := ne .role "gateway" -}}
{{- $fleet := has .role (list "hub" "planner" "api") -}}
{{- $apart := ne .role "hub" -}}
{{- $agents := and (has .role (list "hub" "gateway")) $values.agentsNats.url -}}
{{- $found := list
  (dict "wanted" $fleet "folder" "git" "from" $values.fleet.passwordSecret "file" "password")
  (dict "wanted" $fleet "folder" "signing-key" "from" $values.fleet.signingKeySecret "file" "key")
  (dict "wanted" $git "folder" "git-ca" "from" $values.fleet.caSecret "file" "ca.crt")
  (dict "wanted" $apart "folder" "store" "from" $values.store.passwordSecret "file" "password")
  (dict "wanted" $apart "folder" "store-ca" "from" $values.store.caSecret "file" "ca.crt")
  (dict "wanted" $apart "folder" "bus" "from" $values.bus.credentialsSecret "file" "credentials")
  (dict "wanted" $apart "folder" "bus-ca" "from" $values.bus.caSecret "file" "ca.crt")
  (dict "wanted" $agents "folder" "agents-nats" "from" $values.agentsNats.credentialsSecret "file" "gateways.creds")
  (dict "wanted" $agents "folder" "agents-nats-ca" "from" $values.agentsNats.caSecret "file" "ca.crt")
-}}
{{- $mounted := list -}}
{{- range $found }}{{ if and .wanted .from.name }}{{ $mounted = append $mounted . }}{{ end }}{{ end -}}
{{ $mounted | toJson }}
{{- end -}}

{{/* The files of the keys' Secret that a role needs, and no other. Takes root and role. */}}
{{- define "fairlead.keyFiles" -}}
{{- $signing := list -}}
{{- range $n := untilStep 1 (int (add1 .root.Values.keys.signingKeys)) 1 }}{{ $signing = append $signing (printf "signing-%d.key" $n) }}{{ end -}}
{{- $byRole := dict
  "api" (list "admin-token" "api.pem" "ca.pem")
  "gateway" (list "blobs.key" "ca.key" "ca.pem" "verifying-keys.json")
  "sources" (list "blobs.key" "sources.pem" "webhook-secret")
  "planner" $signing
-}}
{{- $files := get $byRole .role -}}
{{- with .root.Values.agentsNats }}
{{- if and (eq $.role "gateway") .url }}
{{- $files = append $files "nats-signer.json" -}}
{{- if not .credentialsSecret.name }}{{ $files = append $files "nats-gateways.creds" }}{{ end -}}
{{- end }}
{{- end -}}
{{ $files | toJson }}
{{- end -}}

{{/* Takes root and role. */}}
{{- define "fairlead.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: data, mountPath: /var/lib/fairlead }
{{- if ne .role "hub" }}
- { name: keys, mountPath: /var/run/fairlead/keys, readOnly: true }
{{- end }}
{{- if and (has .role (list "hub" "sources")) .root.Values.credentials }}
- { name: credentials, mountPath: /var/run/fairlead/credentials, readOnly: true }
{{- end }}
{{- if and (has .role (list "hub" "api")) .root.Values.people }}
- { name: people, mountPath: /var/run/fairlead/people, readOnly: true }
{{- end }}
{{- range include "fairlead.secrets" . | fromJsonArray }}
- { name: {{ .folder }}, mountPath: /var/run/fairlead/{{ .folder }}, readOnly: true }
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* 288 is 0440, for every reader of YAML. Takes root and role. */}}
{{- define "fairlead.volumes" -}}
{{- $values := .root.Values -}}
- name: tmp
  emptyDir: { sizeLimit: 2Gi }
{{- if ne .role "hub" }}
# Copies of repositories, fetched again by a new Pod.
- name: data
  emptyDir: { sizeLimit: 10Gi }
- name: keys
  projected:
    defaultMode: 288
    sources:
      - secret:
          name: {{ $values.keys.existingSecret | quote }}
          items:
            {{- range include "fairlead.keyFiles" . | fromJsonArray }}
            - { key: {{ . }}, path: {{ . }} }
            {{- end }}
      {{- if and (eq .role "gateway") $values.agentsNats.url }}
      # Who leaves it out of the keys has a hub that revokes nobody.
      - secret:
          name: {{ $values.keys.existingSecret | quote }}
          optional: true
          items:
            - { key: nats-revoker.json, path: nats-revoker.json }
      {{- end }}
{{- end }}
{{- if and (has .role (list "hub" "sources")) $values.credentials }}
- name: credentials
  projected:
    defaultMode: 288
    sources:
      {{- range $values.credentials }}
      # What is missing is named by whoever needs it, and keeps nobody else from starting.
      - secret:
          name: {{ .secret | quote }}
          optional: true
          items:
            - { key: username, path: {{ printf "%s/username" .name | quote }} }
            - { key: password, path: {{ printf "%s/password" .name | quote }} }
      {{- end }}
{{- end }}
{{- if and (has .role (list "hub" "api")) $values.people }}
- name: people
  projected:
    defaultMode: 288
    sources:
      {{- range $values.people }}
      # Who is missing cannot call, and keeps nobody else from it.
      - secret:
          name: {{ .secret | quote }}
          optional: true
          items:
            - { key: {{ .key | quote }}, path: {{ .name | quote }} }
      {{- end }}
{{- end }}
{{- range include "fairlead.secrets" . | fromJsonArray }}
- name: {{ .folder }}
  secret:
    secretName: {{ .from.name | quote }}
    defaultMode: 288
    items:
      - { key: {{ .from.key | quote }}, path: {{ .file }} }
{{- end }}
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
