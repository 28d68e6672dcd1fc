{{/* What objects are called, and labelled. An older release is upgraded in place: its names are these. */}}

{{- define "piggy-webhooks.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "piggy-webhooks.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $own := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $own | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* With room for what stands behind it. */}}
{{- define "piggy-webhooks.shortName" -}}
{{- include "piggy-webhooks.fullname" . | trunc 45 | trimSuffix "-" }}
{{- end }}

{{- define "piggy-webhooks.metricsName" -}}
{{- printf "%s-metrics" (include "piggy-webhooks.shortName" .) }}
{{- end }}

{{/*
Of the port of the Service. Endpoints are found by it, so it stays what it is: where it changes, new connections are led
nowhere until every node has heard of both. An older release calls it otherwise than we do.
*/}}
{{- define "piggy-webhooks.servicePortName" -}}
{{- $found := lookup "v1" "Service" .Release.Namespace (include "piggy-webhooks.fullname" .) }}
{{- dig "spec" "ports" list $found | first | default dict | dig "name" "https" }}
{{- end }}

{{- define "piggy-webhooks.serviceAccountName" -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}
{{- fail "serviceAccount.create is false: name the one that is there in serviceAccount.name; each Pod of the namespace would have the rights of `default`" }}
{{- end }}
{{- .Values.serviceAccount.name | default (include "piggy-webhooks.fullname" .) }}
{{- end }}

{{- define "piggy-webhooks.selectorLabels" -}}
app.kubernetes.io/name: {{ include "piggy-webhooks.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "piggy-webhooks.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "piggy-webhooks.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/*
An image of the values, by its digest where that is known: what is at the tag by then is what was released. Takes a
list of it and the chart's appVersion.
*/}}
{{- define "piggy-webhooks.image" -}}
{{- $image := index . 0 }}
{{- $tag := include "piggy-webhooks.text" ($image.tag | default (index . 1)) }}
{{- $digest := empty $image.tag | ternary $image.digest "" }}
{{- printf "%s:%s%s" $image.repository $tag ($digest | default "" | printf "@%s" | trimSuffix "@") }}
{{- end }}

{{- define "piggy-webhooks.injectorImage" -}}
{{- include "piggy-webhooks.image" (list .Values.mutate.image .Chart.AppVersion) }}
{{- end }}
