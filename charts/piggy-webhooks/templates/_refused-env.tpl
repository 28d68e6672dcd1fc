{{/*
Fails for a variable that other objects of the chart would not fit, with the value that they follow. Values of an older
chart may say where it listens and which files its certificate is in, and may still where that fits; a variable that is
empty is as one that is not there. Takes a list of the name, what `env` says other than the chart itself, and $.
*/}}
{{- define "piggy-webhooks.refuseInEnv" -}}
{{- $name := index . 0 }}
{{- $value := index . 1 }}
{{- $values := (index . 2).Values }}
{{- $instead := dict
  "PIGGY_METRICS_ADDRESS" "set metrics.port, or metrics.enabled=false, which the Service and the probes follow"
  "PIGGY_SERVICE_NAME" "set fullnameOverride, which the Service follows"
}}
{{- if or $value (eq (include "piggy-webhooks.tlsMode" (index . 2)) "self") }}
{{- $_ := set $instead "PIGGY_CERTIFICATE_SECRET" "set tls.mode, which the rights and the volumes follow" }}
{{- $_ := set $instead "PIGGY_WEBHOOK_CONFIGURATION" "set tls.mode and fullnameOverride, which the rights and the webhook's configuration follow" }}
{{- end }}
{{- if not (hasSuffix (printf ":%v" $values.port) $value) }}
{{- $_ := set $instead "LISTEN_ADDRESS" "set port, which the Service and the probes follow" }}
{{- end }}
{{- if and $value (eq $values.tls.mode "self") }}
{{- range list "TLS_CERT_FILE" "TLS_PRIVATE_KEY_FILE" }}
{{- $_ := set $instead . "set tls.mode=secret and tls.secretName, for with tls.mode=self piggy-webhooks makes its certificate itself" }}
{{- end }}
{{- end }}
{{- with get $instead $name }}
{{- fail (printf "env.%s: %s" $name .) }}
{{- end }}
{{- end }}
