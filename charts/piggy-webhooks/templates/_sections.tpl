{{/*
A section, or a part of one, that is null is as by default: so is `metrics:` where each line under it is commented out.
Each template begins by this.
*/}}
{{- define "piggy-webhooks.sections" -}}
{{- /* Which --reuse-values leaves as they were: of a chart that had none of these, almost everything would be wanting. */}}
{{- if not (or (hasKey .Values "tls") (hasKey .Values "metrics") (hasKey .Values "networkPolicy") (hasKey .Values "test")) }}
{{- fail "these are the values of an older chart alone: upgrade with --reset-then-reuse-values in place of --reuse-values" }}
{{- end }}
{{- range $name, $section := include "piggy-webhooks.sectionDefaults" . | fromYaml }}
{{- if kindIs "invalid" (index $.Values $name) }}
{{- $_ := set $.Values $name $section }}
{{- end }}
{{- range $part, $byDefault := $section }}
{{- if and (kindIs "map" $byDefault) (kindIs "invalid" (index $.Values $name $part)) }}
{{- $_ := set (index $.Values $name) $part $byDefault }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
