package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	prefix          = "piggysec.com/"
	referencePrefix = "piggy:"
	injectorVolume  = "piggy-env"
	tokenVolume     = "piggy-token"
	tokenFolder     = "/var/run/secrets/piggysec.com/serviceaccount"
	host            = "piggy-webhooks.piggy-webhooks.svc"
)

// inject changes the Pod, and tells the names of the containers that it changed.
func (w *webhook) inject(ctx context.Context, pod *corev1.Pod) ([]string, error) {
	secret := pod.Annotations[prefix+"aws-secret-name"]
	if secret == "" {
		return nil, nil
	}
	var changed []string
	signatures := map[string]string{}
	for index := range pod.Spec.Containers {
		container := &pod.Spec.Containers[index]
		if !holdsReference(container) {
			continue
		}
		argv, err := w.argvOf(ctx, container)
		if err != nil {
			return nil, fmt.Errorf("container %q: %w", container.Name, err)
		}
		uid := newUID()
		signatures[uid] = signature(argv)
		w.wrap(container, argv, secret, uid)
		changed = append(changed, container.Name)
	}
	if len(changed) == 0 {
		return nil, nil
	}
	signed, err := json.Marshal(signatures)
	if err != nil {
		return nil, err
	}
	pod.Annotations[prefix+"piggy-uid"] = string(signed)
	pod.Spec.Volumes = append(pod.Spec.Volumes, volumes()...)
	pod.Spec.InitContainers = append([]corev1.Container{w.install()}, pod.Spec.InitContainers...)
	return changed, nil
}

func holdsReference(container *corev1.Container) bool {
	for _, variable := range container.Env {
		if len(variable.Value) >= len(referencePrefix) &&
			strings.EqualFold(variable.Value[:len(referencePrefix)], referencePrefix) {
			return true
		}
	}
	return false
}

func (w *webhook) argvOf(ctx context.Context, container *corev1.Container) ([]string, error) {
	if len(container.Command) > 0 {
		return append(append([]string{}, container.Command...), container.Args...), nil
	}
	image, err := w.images.command(ctx, container.Image)
	if err != nil {
		return nil, err
	}
	argv := append([]string{}, image.Entrypoint...)
	if len(container.Args) > 0 {
		return append(argv, container.Args...), nil
	}
	return append(argv, image.Cmd...), nil
}

func (w *webhook) wrap(container *corev1.Container, argv []string, secret, uid string) {
	container.Command = []string{"/piggy/piggy-env"}
	container.Args = append([]string{"--"}, argv...)
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "PIGGY_AWS_SECRET_NAME", Value: secret},
		corev1.EnvVar{Name: "PIGGY_AWS_SECRET_VERSION", Value: "AWSCURRENT"},
		corev1.EnvVar{Name: "PIGGY_AWS_REGION", Value: w.region},
		corev1.EnvVar{Name: "PIGGY_ADDRESS", Value: w.address},
		corev1.EnvVar{Name: "PIGGY_CA", Value: w.ca},
		corev1.EnvVar{Name: "PIGGY_SERVICE", Value: w.service},
		corev1.EnvVar{Name: "PIGGY_TOKEN_FILE", Value: tokenFolder + "/token"},
		corev1.EnvVar{Name: "PIGGY_ENFORCE_INTEGRITY", Value: "true"},
		corev1.EnvVar{Name: "PIGGY_POD_NAME", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"},
		}},
		corev1.EnvVar{Name: "PIGGY_UID", Value: uid},
	)
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: injectorVolume, MountPath: "/piggy/", ReadOnly: true},
		corev1.VolumeMount{Name: tokenVolume, MountPath: tokenFolder, ReadOnly: true},
	)
}

func volumes() []corev1.Volume {
	return []corev1.Volume{
		{Name: injectorVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: tokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: new(int32(0o644)),
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
				Audience: "piggysec.com", ExpirationSeconds: new(int64(600)), Path: "token",
			}}},
		}}},
	}
}

// What the settings say is parsed once.
var installResources = corev1.ResourceRequirements{
	Requests: corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("50m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	},
	Limits: corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("200m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	},
}

func (w *webhook) install() corev1.Container {
	return corev1.Container{
		Name:            "install-piggy-env",
		Image:           w.injectorImage,
		ImagePullPolicy: corev1.PullAlways,
		Args:            []string{"install", "/piggy"},
		Resources:       installResources,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			Privileged:               new(false),
			ReadOnlyRootFilesystem:   new(true),
			RunAsNonRoot:             new(true),
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: injectorVolume, MountPath: "/piggy/"}},
	}
}

func newUID() string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

func signature(argv []string) string {
	digest := sha256.Sum256([]byte(strings.TrimSpace(strings.Join(argv, " "))))
	return hex.EncodeToString(digest[:])
}

func joined(names []string) string {
	return strings.Join(names, ",")
}
