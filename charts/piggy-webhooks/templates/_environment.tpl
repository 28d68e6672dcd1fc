{{/* The environment of piggy-webhooks: what the chart knows, under what the values say. YAML, by name. */}}
{{- define "piggy-webhooks.environment" -}}
{{- $environment := dict
  "LISTEN_ADDRESS" (printf ":%v" .Values.port)
  "PIGGY_SERVICE_NAME" (include "piggy-webhooks.fullname" .)
  "PIGGY_ENV_IMAGE" (include "piggy-webhooks.injectorImage" .)
  "PIGGY_ENV_IMAGE_PULL_POLICY" .Values.mutate.image.pullPolicy
  "DEBUG" .Values.debug
  "PIGGY_METRICS_ADDRESS" (.Values.metrics.enabled | ternary (printf ":%v" .Values.metrics.port) "off")
}}
{{- range $name, $value := include "piggy-webhooks.tlsEnvironment" . | fromYaml }}
{{- $_ := set $environment $name $value }}
{{- end }}
{{- with .Values.aws.roleArn }}
{{- $_ := set $environment "AWS_ROLE_ARN" . }}
{{- $_ := set $environment "AWS_WEB_IDENTITY_TOKEN_FILE" "/var/run/secrets/eks.amazonaws.com/serviceaccount/token" }}
{{- end }}
{{- range $name, $value := .Values.env }}
{{- $own := get $environment (upper $name) | toString }}
{{- if ne (toString $value) $own }}
{{- include "piggy-webhooks.refuseInEnv" (list (upper $name) (toString $value) $) }}
{{- end }}
{{- $_ := set $environment (upper $name) $value }}
{{- end }}
{{- range $name, $value := $environment }}
{{ $name }}: {{ include "piggy-webhooks.text" $value | quote }}
{{- end }}
{{- end }}
