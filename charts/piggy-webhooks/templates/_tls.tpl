{{/* Where the certificate comes from. Each mode says which Secret the Pods mount, and what the API server verifies by. */}}

{{- define "piggy-webhooks.tlsSecretName" -}}
{{- $older := .Values.mutate.certificate | default dict }}
{{- if dig "certManager" "enabled" false $older }}
{{- fail "mutate.certificate.certManager.enabled is of the older chart: set tls.mode=cert-manager, and take it away" }}
{{- else if not (dig "generate" true $older) }}
{{- fail "mutate.certificate.tls is of the older chart: put the certificate into a Secret, set tls.mode=secret and tls.secretName, and take mutate.certificate away" }}
{{- else if eq .Values.tls.mode "secret" }}
{{- required "tls.mode is secret: name it in tls.secretName" .Values.tls.secretName }}
{{- else }}
{{- fail (printf "tls.mode: %s is not there yet: make a certificate, and set tls.mode=secret and tls.secretName" .Values.tls.mode) }}
{{- end }}
{{- end }}

{{/* base64 of PEM */}}
{{- define "piggy-webhooks.caBundle" -}}
{{- if .Values.tls.caBundle }}
{{- .Values.tls.caBundle | b64enc }}
{{- else }}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "piggy-webhooks.tlsSecretName" .) }}
{{- dig "data" "ca.crt" "" $secret | required "tls.secretName: no such Secret with a ca.crt is to be seen in the release's namespace; make it first, or set tls.caBundle" }}
{{- end }}
{{- end }}
