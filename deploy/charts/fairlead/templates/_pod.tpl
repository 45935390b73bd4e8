{{/* The Pod of a role. Takes root and role. */}}
{{- define "fairlead.pod" -}}
{{- $values := .root.Values -}}
{{- $role := .role -}}
{{- $own := get $values.pods $role -}}
metadata:
  labels: {{- include "fairlead.selector" . | nindent 4 }}
    app.kubernetes.io/part-of: fairlead
  {{- with $own.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "fairlead.name" .root | quote }}
  # Nothing of the hub asks this cluster's API server for anything.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 45
  {{- with $values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $own.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if ne $role "hub" }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "fairlead.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: {{ $role }}
      image: {{ include "fairlead.image" .root | quote }}
      {{- with $values.image.pullPolicy }}
      imagePullPolicy: {{ . }}
      {{- end }}
      args: {{- include "fairlead.args" . | nindent 8 }}
      ports:
        {{- if ne $role "planner" }}
        - { name: https, containerPort: 8443, protocol: TCP }
        {{- end }}
        {{- if has $role (list "hub" "gateway") }}
        - { name: grpc, containerPort: 8444, protocol: TCP }
        {{- end }}
        - { name: metrics, containerPort: 9464, protocol: TCP }
      # A first start on an empty volume, or a migration, may take this long; what is stuck later is found sooner.
      startupProbe:
        httpGet: { path: /healthz, port: metrics }
        periodSeconds: 2
        failureThreshold: 90
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /readyz, port: metrics }
        periodSeconds: 5
        timeoutSeconds: 5
      livenessProbe:
        httpGet: { path: /healthz, port: metrics }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      {{- if has $role (list "api" "gateway" "sources") }}
      # Whoever routes to this Pod hears of its end before its listener closes.
      lifecycle:
        preStop:
          sleep: { seconds: 5 }
      {{- end }}
      resources: {{- toYaml $own.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts: {{- include "fairlead.mounts" . | nindent 8 }}
  volumes: {{- include "fairlead.volumes" . | nindent 4 }}
{{- end -}}
