// Command load posts requests over and over on kept-alive TLS connections, and prints what came of it as JSON. They
// are one body with another serial number in it each time, or those of a file, a JSON object with `headers`, `body` and
// `expect`, what the answer holds, on each line. It knows as much of HTTP as it needs: a client that did more would be
// what is measured.
//
//	load -address HOST:PORT -server NAME -ca FILE -path PATH (-body FILE -expect TEXT | -requests FILE) \
//	  -connections N -seconds S
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"
)

type result struct {
	Requests    int     `json:"requests"`
	Seconds     float64 `json:"seconds"`
	P50         float64 `json:"p50Milliseconds"`
	P99         float64 `json:"p99Milliseconds"`
	CPUSeconds  float64 `json:"cpuSeconds"`
	AnswerBytes int     `json:"answerBytes"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	address := flag.String("address", "", "HOST:PORT")
	caFile := flag.String("ca", "", "PEM file that the server is verified by")
	server := flag.String("server", "", "name in the server's certificate")
	path := flag.String("path", "/", "path and query")
	bodyFile := flag.String("body", "", "file of the body, with runs of twelve zeros where serial numbers go")
	expected := flag.String("expect", "", "what an answer to that body holds besides its serial number")
	listFile := flag.String("requests", "", "file of requests, instead of a body")
	count := flag.Int("connections", 1, "")
	seconds := flag.Float64("seconds", 1, "")
	flag.Parse()

	// A run is short, so its little garbage can wait for its end.
	debug.SetGCPercent(-1)
	source, err := requestsOf(*server, *path, *bodyFile, *expected, *listFile, *count)
	if err != nil {
		return err
	}
	configuration, err := verifyBy(*caFile, *server)
	if err != nil {
		return err
	}
	connections := make([]*connection, *count)
	for index := range connections {
		stream, err := tls.Dial("tcp", *address, configuration)
		if err != nil {
			return err
		}
		defer stream.Close()
		connections[index] = newConnection(stream, source(index))
	}
	measured, err := measure(connections, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

// requestsOf says what each connection sends. Where they share a list, they begin at places of their own.
func requestsOf(host, path, bodyFile, expected, listFile string, connections int) (func(int) requests, error) {
	if listFile == "" {
		body, err := os.ReadFile(bodyFile)
		if err != nil {
			return nil, err
		}
		text := format(host, path, reviewHeaders, body)
		if !bytes.Contains(text, serialMark) {
			return nil, errors.New(bodyFile + " has no place for a serial number")
		}
		return func(index int) requests { return newNumbered(text, expected, index) }, nil
	}
	list, err := readList(listFile, host, path)
	if err == nil && len(list) == 0 {
		err = errors.New(listFile + " holds no request")
	}
	return func(index int) requests { return &listed{list: list, at: index * len(list) / connections} }, err
}

// As an API server sends them.
var reviewHeaders = map[string]string{
	"Accept":          "application/json, */*",
	"Accept-Encoding": "gzip",
	"User-Agent":      "kube-apiserver-admission",
}

func verifyBy(caFile, server string) (*tls.Config, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New(caFile + " holds no certificate")
	}
	return &tls.Config{RootCAs: roots, ServerName: server}, nil
}

func measure(connections []*connection, duration time.Duration) (*result, error) {
	var group sync.WaitGroup
	before := cpuTime()
	start := time.Now()
	for _, each := range connections {
		group.Go(func() { each.repeat(start.Add(duration)) })
	}
	group.Wait()
	elapsed := time.Since(start)
	cpu := cpuTime() - before

	var latencies []time.Duration
	for _, each := range connections {
		if each.failure != nil {
			return nil, each.failure
		}
		latencies = append(latencies, each.latencies...)
	}
	if len(latencies) == 0 {
		return nil, errors.New("nothing was answered in time")
	}
	slices.Sort(latencies)
	quantile := func(share float64) float64 {
		at := min(len(latencies)-1, int(float64(len(latencies))*share))
		return latencies[at].Seconds() * 1e3
	}
	return &result{
		Requests:    len(latencies),
		Seconds:     elapsed.Seconds(),
		P50:         quantile(0.5),
		P99:         quantile(0.99),
		CPUSeconds:  cpu.Seconds(),
		AnswerBytes: connections[0].answerBytes,
	}, nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
