package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	audience       = "piggysec.com"
	injector       = "/piggy/piggy-env"
	podName        = "authentication.kubernetes.io/pod-name"
	podUID         = "authentication.kubernetes.io/pod-uid"
	allowedSA      = "PIGGY_ALLOWED_SA"
	longestRequest = 1 << 20
	timeout        = 10 * time.Second
)

var errNotAllowed = errors.New("decision not allowed")

type service struct {
	api *api
	// aws has a client for each region.
	aws *clients
	log *slog.Logger
}

type question struct {
	Resources  string   `json:"resources"`
	Name       string   `json:"name"`
	UID        string   `json:"uid"`
	Signature  string   `json:"signature"`
	References []string `json:"references"`
}

func (s *service) secret(out http.ResponseWriter, in *http.Request) {
	ctx, cancel := context.WithTimeout(in.Context(), timeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, longestRequest))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	var asked question
	if err := json.Unmarshal(body, &asked); err != nil || asked.Resources != "pods" {
		http.Error(out, "not a request for secrets", http.StatusBadRequest)
		return
	}
	values, err := s.values(ctx, in.Header.Get("X-Token"), &asked)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "secret decision",
			slog.String("decision", "denied"), slog.String("reason", err.Error()))
		http.Error(out, "decision not allowed", http.StatusForbidden)
		return
	}
	answer, err := json.Marshal(values)
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	header := out.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = out.Write(answer)
}

func (s *service) values(ctx context.Context, token string, asked *question) (map[string]string, error) {
	review, err := s.api.review(ctx, token)
	if err != nil {
		return nil, err
	}
	namespace, account, name, uid, err := callerIn(review)
	if err != nil {
		return nil, err
	}
	if asked.Name != "" && asked.Name != name {
		return nil, errNotAllowed
	}
	stored, err := s.api.pod(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	container := stored.containerOf(asked.UID)
	isFinished := stored.Status.Phase == "Succeeded" || stored.Status.Phase == "Failed"
	if container == nil || isFinished || stored.Metadata.UID != uid || stored.Spec.ServiceAccountName != account {
		return nil, errNotAllowed
	}
	if digest(container) != asked.Signature {
		return nil, errNotAllowed
	}
	secret, version := container.variable("PIGGY_AWS_SECRET_NAME"), container.variable("PIGGY_AWS_SECRET_VERSION")
	region := container.variable("PIGGY_AWS_REGION")
	found, err := s.aws.of(region).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &secret, VersionStage: &version,
	})
	if err != nil {
		return nil, err
	}
	if found.SecretString == nil {
		return nil, errors.New("the secret is no text")
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(*found.SecretString), &all); err != nil {
		return nil, err
	}
	if allowed, ok := all[allowedSA]; ok && !slices.Contains(strings.Split(allowed, ","), namespace+":"+account) {
		return nil, errNotAllowed
	}
	values := make(map[string]string, len(asked.References))
	for _, key := range asked.References {
		if value, ok := all[key]; ok {
			values[key] = value
		}
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "secret decision",
		slog.String("decision", "allowed"),
		slog.String("version", *found.VersionId),
		slog.Any("keys", asked.References),
		slog.String("namespace", namespace),
		slog.String("serviceAccount", account),
		slog.String("pod", name),
		slog.String("container", container.Name),
		slog.String("secret", secret),
		slog.String("region", region),
	)
	return values, nil
}

func callerIn(review *tokenReview) (namespace, account, name, uid string, err error) {
	status := &review.Status
	parts := strings.Split(status.User.Username, ":")
	isAccount := len(parts) == 4 && parts[0] == "system" && parts[1] == "serviceaccount"
	names, uids := status.User.Extra[podName], status.User.Extra[podUID]
	if !status.Authenticated || !slices.Contains(status.Audiences, audience) || !isAccount ||
		len(names) != 1 || len(uids) != 1 {
		return "", "", "", "", errNotAllowed
	}
	return parts[2], parts[3], names[0], uids[0], nil
}

func (p *pod) containerOf(uid string) *container {
	if uid == "" {
		return nil
	}
	for _, list := range [][]container{p.Spec.InitContainers, p.Spec.Containers} {
		for index := range list {
			if list[index].variable("PIGGY_UID") == uid {
				return &list[index]
			}
		}
	}
	return nil
}

// digest is of the admitted argv: every element and a NUL byte.
func digest(c *container) string {
	if len(c.Command) != 1 || c.Command[0] != injector || len(c.Args) == 0 || c.Args[0] != "--" {
		return ""
	}
	hash := sha256.New()
	for _, element := range c.Args[1:] {
		_, _ = io.WriteString(hash, element)
		_, _ = hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil))
}
