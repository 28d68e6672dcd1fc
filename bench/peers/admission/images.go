package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// imageCommand is what an image runs.
type imageCommand struct {
	Entrypoint []string
	Cmd        []string
}

// images knows what images run: each is asked for once.
type images struct {
	client *http.Client
	mutex  sync.RWMutex
	known  map[string]imageCommand
}

func newImages(caFile string) (*images, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &images{client: &http.Client{Transport: transport}, known: map[string]imageCommand{}}, nil
}

func (i *images) command(ctx context.Context, image string) (imageCommand, error) {
	i.mutex.RLock()
	known, ok := i.known[image]
	i.mutex.RUnlock()
	if ok {
		return known, nil
	}
	found, err := i.read(ctx, image)
	if err != nil {
		return found, fmt.Errorf("image %s: %w", image, err)
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.known[image] = found
	return found, nil
}

// read asks the registry for an image of one platform, HOST/REPOSITORY:TAG.
func (i *images) read(ctx context.Context, image string) (imageCommand, error) {
	host, rest, _ := strings.Cut(image, "/")
	repository, tag, ok := strings.Cut(rest, ":")
	if !ok {
		return imageCommand{}, errors.New("it has no tag")
	}
	base := "https://" + host + "/v2/" + repository
	var manifest struct {
		Config struct {
			Digest string `json:"digest"`
		} `json:"config"`
	}
	if err := i.get(ctx, base+"/manifests/"+tag, &manifest); err != nil {
		return imageCommand{}, err
	}
	var configuration struct {
		Config imageCommand `json:"config"`
	}
	err := i.get(ctx, base+"/blobs/"+manifest.Config.Digest, &configuration)
	return configuration.Config, err
}

func (i *images) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, */*")
	response, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
