{{/* Values that are right each by itself, and cannot work together. */}}
{{- define "piggy-webhooks.contradictions" -}}
{{- if and .Values.metrics.enabled (eq (int .Values.metrics.port) (int .Values.port)) }}
{{- fail (printf "metrics.port and port are both %v, where one Pod can listen only once: set metrics.port to another" .Values.port) }}
{{- end }}
{{- range $label, $value := include "piggy-webhooks.selectorLabels" . | fromYaml }}
{{- if ne $value (dig $label $value ($.Values.podLabels | default dict) | toString) }}
{{- fail (printf "podLabels.%s is a label that the Service finds the Pods by: leave it out" $label) }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail (printf "autoscaling.minReplicas is more than autoscaling.maxReplicas, which is %v: raise that" .Values.autoscaling.maxReplicas) }}
{{- end }}
{{- end }}
