// Command backend is a cluster and AWS as far as POST /secret sees them: TokenReviews and Pods over TLS, and secrets
// over plain HTTP. It answers from what it has made once, so that whoever asks is what is measured and not who answers.
// It believes every token: who may have a secret is for tests, and here every caller may.
//
//	backend -api HOST:PORT -cert FILE -key FILE -pod FILE -secrets N -aws HOST:PORT
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func run() error {
	apiAddress := flag.String("api", "", "HOST:PORT of the API server")
	certFile := flag.String("cert", "", "PEM file")
	keyFile := flag.String("key", "", "PEM file")
	podFile := flag.String("pod", "", "file of the JSON of every Pod, with runs of twelve zeros where its serial number goes")
	secrets := flag.Uint64("secrets", 1, "how many secrets the Pods share; its number stands for runs of twelve ones")
	awsAddress := flag.String("aws", "", "HOST:PORT of AWS")
	flag.Parse()

	certificate, err := tls.LoadX509KeyPair(*certFile, *keyFile)
	if err != nil {
		return err
	}
	pod, err := os.ReadFile(*podFile)
	if err != nil {
		return err
	}
	// HTTP/1.1 for whoever asks. A record for each answer: Go would begin every connection with small ones.
	configuration := &tls.Config{
		Certificates:                []tls.Certificate{certificate},
		NextProtos:                  []string{"http/1.1"},
		DynamicRecordSizingDisabled: true,
	}
	api, err := tls.Listen("tcp", *apiAddress, configuration)
	if err != nil {
		return err
	}
	aws, err := net.Listen("tcp", *awsAddress)
	if err != nil {
		return err
	}
	cluster, store := newCluster(pod, *secrets), &store{}
	fmt.Println("listening")
	go serve(api, cluster.answer)
	return serve(aws, controlled(store, cluster))
}
