// Command secret answers POST /secret as piggy-webhooks does, in the way that a Go programmer would write it who minds
// its speed: net/http and crypto/tls, the AWS SDK for Go v2, every client shared and its connections kept, and of the
// API server's answers only that is decoded which is read. TokenReview, the Pod and the secret are asked for each
// request. It is what piggy-webhooks is measured against, so it makes the same checks of a Pod that was admitted in
// the usual way, and logs what piggy-webhooks logs and no more. Of settings it knows those that the bench uses.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

// keptConnections is more than the bench has under way at a time.
const keptConnections = 256

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	api, err := newAPI()
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = keptConnections, keptConnections
	configuration, err := config.LoadDefaultConfig(context.Background(),
		config.WithHTTPClient(&http.Client{Transport: transport, Timeout: 10 * time.Second}))
	if err != nil {
		return err
	}
	service := &service{
		api: api,
		aws: &clients{configuration: configuration},
		log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /secret", service.secret)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return http.ListenAndServeTLS(
		os.Getenv("LISTEN_ADDRESS"), os.Getenv("TLS_CERT_FILE"), os.Getenv("TLS_PRIVATE_KEY_FILE"), mux)
}
