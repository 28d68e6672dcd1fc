{{/* What Kubernetes has as a text, and YAML takes for a number or a boolean. */}}

{{/* Of one value. A whole number is as it was written, where Helm would say 1e+06. */}}
{{- define "piggy-webhooks.text" -}}
{{- if kindIs "float64" . }}
{{- eq . (floor .) | ternary (printf "%.0f" .) (toString .) }}
{{- else }}
{{- toString . }}
{{- end }}
{{- end }}

{{/* Of a map's values: YAML. */}}
{{- define "piggy-webhooks.texts" -}}
{{- $texts := dict }}
{{- range $name, $value := . }}
{{- /* Null takes one away that other values have. */}}
{{- if not (kindIs "invalid" $value) }}
{{- $_ := set $texts $name (include "piggy-webhooks.text" $value) }}
{{- end }}
{{- end }}
{{- with $texts }}
{{- toYaml . }}
{{- end }}
{{- end }}
