package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

var (
	serialMark = bytes.Repeat([]byte("0"), 12)
	secretMark = bytes.Repeat([]byte("1"), 12)
)

// cluster answers as the API server does. Every answer is made once.
type cluster struct {
	template     []byte
	secrets      uint64
	pods         sync.Map
	reviews      sync.Map
	tokenReviews atomic.Int64
	podReads     atomic.Int64
}

func newCluster(pod []byte, secrets uint64) *cluster {
	return &cluster{template: pod, secrets: secrets}
}

var apiHeaders = []byte("Audit-Id: 3f1d0a53-8a0f-4d0a-9a44-6f2f7b0a6e11\r\n" +
	"Cache-Control: no-cache, private\r\nContent-Type: application/json\r\n" +
	"X-Kubernetes-Pf-Flowschema-Uid: 0f1a4c52-7f43-4a7e-a0f7-3b0c2f7a0f6d\r\n" +
	"X-Kubernetes-Pf-Prioritylevel-Uid: 5d0f1e4b-2b7e-4b8e-8a30-1c6d9f3f2b7a\r\n" +
	"Date: Fri, 20 Nov 2026 09:30:12 GMT\r\n")

func (c *cluster) answer(asked request) []byte {
	switch {
	case asked.path == "/apis/authentication.k8s.io/v1/tokenreviews":
		c.tokenReviews.Add(1)
		return c.review(asked.body)
	case strings.HasPrefix(asked.path, "/api/v1/namespaces/") && strings.Contains(asked.path, "/pods/"):
		c.podReads.Add(1)
		path, _, _ := strings.Cut(asked.path, "?")
		return c.pod(path)
	default:
		// What nodes can is not what is measured, and may be forbidden.
		return response("403 Forbidden", apiHeaders, []byte(
			`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"forbidden","reason":"Forbidden","code":403}`))
	}
}

// pod has the serial number that its name ends with.
func (c *cluster) pod(path string) []byte {
	serial := path[max(0, len(path)-len(serialMark)):]
	if known, ok := c.pods.Load(serial); ok {
		return known.([]byte)
	}
	number, err := strconv.ParseUint(serial, 10, 64)
	if err != nil {
		return response("404 Not Found", apiHeaders, []byte(`{"kind":"Status","code":404}`))
	}
	secret := fmt.Appendf(nil, "%0*d", len(secretMark), number%c.secrets+1)
	pod := bytes.ReplaceAll(bytes.ReplaceAll(c.template, secretMark, secret), serialMark, []byte(serial))
	made := chunked("200 OK", apiHeaders, pod)
	c.pods.Store(serial, made)
	return made
}

func (c *cluster) review(body []byte) []byte {
	if known, ok := c.reviews.Load(string(body)); ok {
		return known.([]byte)
	}
	made, err := reviewed(body)
	if err != nil {
		return response("400 Bad Request", apiHeaders, []byte(`{"kind":"Status","code":400}`))
	}
	answered := chunked("201 Created", apiHeaders, made)
	c.reviews.Store(string(body), answered)
	return answered
}

// Of authentication.k8s.io/v1, what is read and written here.
type tokenReview struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       struct {
		Token     string   `json:"token"`
		Audiences []string `json:"audiences,omitempty"`
	} `json:"spec"`
	Status map[string]any `json:"status"`
}

type claims struct {
	Kubernetes struct {
		Namespace string `json:"namespace"`
		Pod       object `json:"pod"`
		Account   object `json:"serviceaccount"`
	} `json:"kubernetes.io"`
	ID string `json:"jti"`
}

type object struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// reviewed says of a token what it says of itself.
func reviewed(body []byte) ([]byte, error) {
	var review tokenReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, err
	}
	parts := strings.Split(review.Spec.Token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var said claims
	if err := json.Unmarshal(payload, &said); err != nil {
		return nil, err
	}
	namespace, pod, account := said.Kubernetes.Namespace, said.Kubernetes.Pod, said.Kubernetes.Account
	review.Metadata = map[string]any{"creationTimestamp": nil}
	review.Status = map[string]any{
		"authenticated": true,
		"user": map[string]any{
			"username": "system:serviceaccount:" + namespace + ":" + account.Name,
			"uid":      account.UID,
			"groups":   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
			"extra": map[string][]string{
				"authentication.kubernetes.io/credential-id": {"JTI=" + said.ID},
				"authentication.kubernetes.io/node-name":     {"ip-10-0-12-34.eu-west-1.compute.internal"},
				"authentication.kubernetes.io/node-uid":      {"5b1f0f4e-7b0a-4a37-9c55-2f6f0a6c1a11"},
				"authentication.kubernetes.io/pod-name":      {pod.Name},
				"authentication.kubernetes.io/pod-uid":       {pod.UID},
			},
		},
		"audiences": review.Spec.Audiences,
	}
	return json.Marshal(review)
}
