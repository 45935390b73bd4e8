{{/* The command line of a role. Takes root and role. */}}
{{- define "fairlead.args" -}}
{{- $values := .root.Values -}}
{{- $role := .role -}}
- /opt/fairlead/{{ $role }}/main.mjs
- --metrics=0.0.0.0:9464
{{- with $values.telemetry.otlp }}
- --otlp={{ . }}
{{- end }}
{{- if has $role (list "hub" "planner" "api") }}
- --fleet={{ $values.fleet.url }}
- {{ printf "--branch=%s" $values.fleet.branch | quote }}
- {{ printf "--username=%s" $values.fleet.username | quote }}
{{- if $values.fleet.passwordSecret.name }}
- --password-file=/var/run/fairlead/git/password
{{- end }}
{{- if $values.fleet.signingKeySecret.name }}
- --signing-key=/var/run/fairlead/signing-key/key
{{- end }}
{{- if ne $role "api" }}
{{- range $values.fleet.checkHosts }}
- --check-host={{ . }}
{{- end }}
{{- end }}
{{- if and $values.fleet.forge (ne $role "api") }}
- --forge={{ $values.fleet.forge }}
{{- with $values.fleet.forgeApi }}
- --forge-api={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- if ne $role "gateway" }}
- --poll-ms={{ $values.fleet.pollMs | int }}
{{- if $values.fleet.caSecret.name }}
- --git-ca=/var/run/fairlead/git-ca/ca.crt
{{- end }}
# Below the volume, whose own folder the process could not close to others.
- --data=/var/lib/fairlead/data
{{- end }}
{{- if ne $role "planner" }}
- --listen=0.0.0.0:8443
{{- range $values.names }}
- --name={{ . }}
{{- end }}
{{- end }}
{{- if eq $role "api" }}
- --gateway={{ $values.gateway.address }}
{{- end }}
{{- if has $role (list "hub" "gateway") }}
- --grpc=0.0.0.0:8444
{{- if $values.gateway.streams }}
- --grpc-name={{ $values.gateway.streams }}
{{- end }}
{{- with $values.agentsNats }}
{{- if .url }}
- --agents-nats={{ .url }}
{{- if .credentialsSecret.name }}
- --agents-nats-credentials=/var/run/fairlead/agents-nats/gateways.creds
{{- end }}
{{- if .caSecret.name }}
- --agents-nats-ca=/var/run/fairlead/agents-nats-ca/ca.crt
{{- end }}
{{- with .name }}
- --agents-nats-name={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if has $role (list "hub" "sources") }}
{{- if $values.credentials }}
- --credentials=/var/run/fairlead/credentials
{{- end }}
{{- range $values.renderers.kustomize }}
- --kustomize={{ .version }}={{ .path }}
{{- end }}
{{- range $values.renderers.helm }}
- --helm={{ .version }}={{ .path }}
{{- end }}
{{- end }}
{{- if and (has $role (list "hub" "api")) $values.people }}
- --people=/var/run/fairlead/people
{{- end }}
{{- if ne $role "hub" }}
- --keys=/var/run/fairlead/keys
- --store={{ $values.store.url }}
{{- if $values.store.passwordSecret.name }}
- --store-password-file=/var/run/fairlead/store/password
{{- end }}
{{- if $values.store.caSecret.name }}
- --store-ca=/var/run/fairlead/store-ca/ca.crt
{{- end }}
- --bus={{ $values.bus.url }}
{{- with $values.bus.replicas }}
- --bus-replicas={{ . | int }}
{{- end }}
{{- if $values.bus.credentialsSecret.name }}
- --bus-credentials=/var/run/fairlead/bus/credentials
{{- end }}
{{- if $values.bus.caSecret.name }}
- --bus-ca=/var/run/fairlead/bus-ca/ca.crt
{{- end }}
{{- end }}
{{- end -}}
