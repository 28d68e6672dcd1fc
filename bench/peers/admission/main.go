// Command admission answers POST /mutate as piggy-webhooks does, in the way in which admission webhooks are commonly
// written in Go: net/http and crypto/tls, the types of k8s.io/api, encoding/json, and a patch that is the difference
// between the Pod's JSON before and after. It is what piggy-webhooks is measured against, so it wastes nothing: what
// images run is read once, one client is shared, and it logs what piggy-webhooks logs and no more. Of settings it
// knows those that the bench uses.
package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	certFile, keyFile := os.Getenv("TLS_CERT_FILE"), os.Getenv("TLS_PRIVATE_KEY_FILE")
	ca, err := os.ReadFile(filepath.Join(filepath.Dir(certFile), "ca.crt"))
	if err != nil {
		return err
	}
	images, err := newImages(os.Getenv("PIGGY_REGISTRY_CA_FILE"))
	if err != nil {
		return err
	}
	webhook := &webhook{
		images:        images,
		log:           slog.New(slog.NewJSONHandler(os.Stderr, nil)),
		injectorImage: os.Getenv("PIGGY_ENV_IMAGE"),
		region:        os.Getenv("AWS_REGION"),
		ca:            string(ca),
		address:       "https://" + net.JoinHostPort(host, os.Getenv("PIGGY_WEBHOOKS_SERVICE_PORT")),
		service: net.JoinHostPort(
			os.Getenv("PIGGY_WEBHOOKS_SERVICE_HOST"),
			os.Getenv("PIGGY_WEBHOOKS_SERVICE_PORT"),
		),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", webhook.mutate)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return http.ListenAndServeTLS(os.Getenv("LISTEN_ADDRESS"), certFile, keyFile, mux)
}
