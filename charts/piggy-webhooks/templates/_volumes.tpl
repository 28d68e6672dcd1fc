{{/* What the Pods mount: lists, as YAML. */}}

{{- define "piggy-webhooks.volumes" -}}
{{- with include "piggy-webhooks.tlsSecretName" . }}
- name: certs
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- if .Values.aws.roleArn }}
- name: aws-iam-token
  projected:
    sources:
      - serviceAccountToken:
          audience: sts.amazonaws.com
          expirationSeconds: 86400
          path: token
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "piggy-webhooks.volumeMounts" -}}
{{- if include "piggy-webhooks.tlsSecretName" . }}
- name: certs
  mountPath: /certs
  readOnly: true
{{- end }}
{{- if .Values.aws.roleArn }}
- name: aws-iam-token
  mountPath: /var/run/secrets/eks.amazonaws.com/serviceaccount
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
