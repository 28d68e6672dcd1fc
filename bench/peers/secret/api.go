package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// api is the API server as a Pod finds it.
type api struct {
	client *http.Client
	base   string
	bearer string
}

func newAPI() (*api, error) {
	folder := os.Getenv("PIGGY_SERVICE_ACCOUNT_DIR")
	ca, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(folder, "token"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	return &api{
		client: &http.Client{Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots},
			MaxIdleConnsPerHost: keptConnections,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
		}},
		base:   "https://" + host,
		bearer: "Bearer " + strings.TrimSpace(string(token)),
	}, nil
}

// tokenReview is what is read of authentication.k8s.io/v1.
type tokenReview struct {
	Status struct {
		Authenticated bool     `json:"authenticated"`
		Audiences     []string `json:"audiences"`
		User          struct {
			Username string              `json:"username"`
			Extra    map[string][]string `json:"extra"`
		} `json:"user"`
	} `json:"status"`
}

type reviewRequest struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Spec       reviewSpec `json:"spec"`
}

type reviewSpec struct {
	Token     string   `json:"token"`
	Audiences []string `json:"audiences"`
}

func (a *api) review(ctx context.Context, token string) (*tokenReview, error) {
	body, err := json.Marshal(reviewRequest{
		APIVersion: "authentication.k8s.io/v1",
		Kind:       "TokenReview",
		Spec:       reviewSpec{Token: token, Audiences: []string{audience}},
	})
	if err != nil {
		return nil, err
	}
	var review tokenReview
	return &review, a.call(ctx, http.MethodPost, "/apis/authentication.k8s.io/v1/tokenreviews", body, &review)
}

// pod is what is read of a Pod.
type pod struct {
	Metadata struct {
		UID string `json:"uid"`
	} `json:"metadata"`
	Spec struct {
		ServiceAccountName string      `json:"serviceAccountName"`
		InitContainers     []container `json:"initContainers"`
		Containers         []container `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type container struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
	Env     []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
}

func (c *container) variable(name string) string {
	for _, each := range c.Env {
		if each.Name == name {
			return each.Value
		}
	}
	return ""
}

func (a *api) pod(ctx context.Context, namespace, name string) (*pod, error) {
	var found pod
	path := "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods/" + url.PathEscape(name)
	return &found, a.call(ctx, http.MethodGet, path, nil, &found)
}

func (a *api) call(ctx context.Context, method, path string, body []byte, into any) error {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", a.bearer)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return json.Unmarshal(answer, into)
}
