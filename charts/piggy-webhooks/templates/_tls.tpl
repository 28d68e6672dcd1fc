{{/* Where the certificate comes from: each mode's environment, files, and what the API server verifies by. */}}

{{- define "piggy-webhooks.tlsMode" -}}
{{- $older := .Values.mutate.certificate | default dict }}
{{- if dig "certManager" "enabled" false $older }}
{{- fail "mutate.certificate.certManager.enabled is of the older chart: set tls.mode=cert-manager, and take it away" }}
{{- else if not (dig "generate" true $older) }}
{{- fail "mutate.certificate.tls is of the older chart: put the certificate into a Secret, set tls.mode=secret and tls.secretName, and take mutate.certificate away" }}
{{- end }}
{{- if and (ne .Values.tls.mode "secret") (or .Values.tls.secretName .Values.tls.caBundle) }}
{{- fail "tls.secretName and tls.caBundle are of tls.mode=secret: set that, or leave them out" }}
{{- end }}
{{- .Values.tls.mode }}
{{- end }}

{{/*
The Secret that piggy-webhooks keeps its CA in. It is in no release: an upgrade neither changes nor deletes it, nor one
that an older chart or cert-manager made.
*/}}
{{- define "piggy-webhooks.ownSecretName" -}}
{{- printf "%s-own-ca" (include "piggy-webhooks.shortName" .) }}
{{- end }}

{{/* The Secret that the Pods mount; empty where they mount none. */}}
{{- define "piggy-webhooks.tlsSecretName" -}}
{{- $mode := include "piggy-webhooks.tlsMode" . }}
{{- if eq $mode "secret" }}
{{- required "tls.mode is secret: name it in tls.secretName" .Values.tls.secretName }}
{{- else if eq $mode "cert-manager" }}
{{- printf "%s-cert-manager" (include "piggy-webhooks.shortName" .) }}
{{- end }}
{{- end }}

{{/*
What the replicas that are there serve by, as the next template says it of those to come; empty where none are to be
seen.
*/}}
{{- define "piggy-webhooks.servedBy" -}}
{{- $found := lookup "apps/v1" "Deployment" .Release.Namespace (include "piggy-webhooks.fullname" .) }}
{{- if $found }}
{{- $secret := "" }}
{{- range dig "spec" "template" "spec" "volumes" list $found }}
{{- if eq .name "certs" }}
{{- $secret = dig "secret" "secretName" "" . }}
{{- end }}
{{- end }}
{{- printf "Secret %s" $secret }}
{{- end }}
{{- end }}

{{- define "piggy-webhooks.toBeServedBy" -}}
{{- printf "Secret %s" (include "piggy-webhooks.tlsSecretName" .) }}
{{- end }}

{{/* YAML, by name. */}}
{{- define "piggy-webhooks.tlsEnvironment" -}}
{{- if include "piggy-webhooks.tlsSecretName" . -}}
TLS_CERT_FILE: /certs/tls.crt
TLS_PRIVATE_KEY_FILE: /certs/tls.key
{{- else -}}
PIGGY_CERTIFICATE_SECRET: {{ include "piggy-webhooks.ownSecretName" . | quote }}
PIGGY_WEBHOOK_CONFIGURATION: {{ include "piggy-webhooks.fullname" . | quote }}
{{- end }}
{{- end }}

{{/* base64 of PEM, as it is; empty where there is none. */}}
{{- define "piggy-webhooks.caBundleThere" -}}
{{- $found := lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" (include "piggy-webhooks.fullname" .) }}
{{- range $index, $webhook := dig "webhooks" list $found }}
{{- if eq $index 0 }}
{{- dig "clientConfig" "caBundle" "" $webhook }}
{{- end }}
{{- end }}
{{- end }}

{{/*
base64 of PEM: the CA that the replicas that are there keep themselves, and the one before it. Whoever deleted the
webhook's configuration gets it back with them, and no Pod is refused until a replica has looked. Nothing is asked for
before the first release and where a CA is there: who may install and upgrade need not be one who may read Secrets.
*/}}
{{- define "piggy-webhooks.ownCa" -}}
{{- $mode := include "piggy-webhooks.tlsMode" . }}
{{- if and (eq $mode "self") (eq (include "piggy-webhooks.servedBy" .) (include "piggy-webhooks.toBeServedBy" .)) }}
{{- $data := dig "data" dict (lookup "v1" "Secret" .Release.Namespace (include "piggy-webhooks.ownSecretName" .)) }}
{{- with get $data "ca.crt" }}
{{- $kept := list . (get $data "previous-ca.crt") | compact }}
{{- $texts := list }}
{{- range $kept }}
{{- /* As replicas read it, for everybody may read where this goes: a key that somebody put beside it stays here. */}}
{{- $texts = concat $texts (regexFindAll "-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----" (b64dec .) -1) }}
{{- end }}
{{- with $texts }}
{{- printf "%s\n" (join "\n" .) | b64enc }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* base64 of PEM: the CA of the operator's own certificate. */}}
{{- define "piggy-webhooks.operatorsCa" -}}
{{- if .Values.tls.caBundle }}
{{- .Values.tls.caBundle | b64enc }}
{{- else }}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "piggy-webhooks.tlsSecretName" .) }}
{{- dig "data" "ca.crt" "" $secret | required "tls.secretName: no such Secret with a ca.crt is to be seen in the release's namespace; make it first, or set tls.caBundle" }}
{{- end }}
{{- end }}

{{/*
base64 of PEM; empty where somebody else sets it, and nobody has yet. What is there is said again, so that an upgrade
empties it neither where Helm set it itself once nor with --force. `helm template` sees nothing and says nothing, and
whoever applies that leaves it as it is. An operator's CA stands alone, but for the upgrade that brings it: the replicas
before it serve by another until they are gone.
*/}}
{{- define "piggy-webhooks.caBundle" -}}
{{- if ne (include "piggy-webhooks.tlsMode" .) "secret" }}
{{- $there := include "piggy-webhooks.caBundleThere" . }}
{{- if $there }}
{{- $there }}
{{- else }}
{{- include "piggy-webhooks.ownCa" . }}
{{- end }}
{{- else if has (include "piggy-webhooks.servedBy" .) (list "" (include "piggy-webhooks.toBeServedBy" .)) }}
{{- include "piggy-webhooks.operatorsCa" . }}
{{- else }}
{{- printf "%s\n%s" (include "piggy-webhooks.operatorsCa" . | b64dec) (include "piggy-webhooks.caBundleThere" . | b64dec) | b64enc }}
{{- end }}
{{- end }}
