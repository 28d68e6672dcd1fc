package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

type request struct {
	Resources  string   `json:"resources"`
	Name       string   `json:"name"`
	UID        string   `json:"uid"`
	Signature  string   `json:"signature"`
	References []string `json:"references"`
}

// A Pod whose injector is of another project has no token but that of its service account.
const defaultTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

func askWebhook(ctx context.Context, argv, keys []string) (map[string]string, error) {
	tokenFile, signature := os.Getenv("PIGGY_TOKEN_FILE"), digest(argv)
	if tokenFile == "" {
		tokenFile, signature = defaultTokenFile, olderSignature(argv)
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(request{
		Resources:  "pods",
		Name:       os.Getenv("PIGGY_POD_NAME"),
		UID:        os.Getenv("PIGGY_UID"),
		Signature:  signature,
		References: keys,
	})
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("PIGGY_ADDRESS")+"/secret", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("X-Token", strings.TrimSpace(string(token)))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig()}}
	response, err := client.Do(post)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return nil, fmt.Errorf("the webhook answers %s: %s", response.Status, reason)
	}
	var values map[string]string
	return values, json.NewDecoder(response.Body).Decode(&values)
}

// tlsConfig verifies by the webhook's own CA, or not at all.
func tlsConfig() *tls.Config {
	if os.Getenv("PIGGY_SKIP_VERIFY_TLS") == "true" {
		return &tls.Config{InsecureSkipVerify: true}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(os.Getenv("PIGGY_CA")))
	return &tls.Config{RootCAs: roots}
}

// olderSignature is the argv as the webhook knows it from who asks with that token.
func olderSignature(argv []string) string {
	hash := sha256.Sum256([]byte(strings.TrimSpace(strings.Join(argv, " "))))
	return hex.EncodeToString(hash[:])
}

// digest is the argv as the webhook knows it: every element and a NUL byte.
func digest(argv []string) string {
	hash := sha256.New()
	for _, element := range argv {
		io.WriteString(hash, element)
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil))
}
