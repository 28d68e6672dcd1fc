// Command peer does what piggy-env does, in the way that a Go programmer would write it first: net/http and crypto/tls
// for the webhook, the AWS SDK for standalone mode. It is what piggy-env is measured against.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	referencePrefix = "piggy:"
	settingPrefix   = "PIGGY_"
	timeout         = 12 * time.Second
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "install" {
		return install(arguments[1])
	}
	if len(arguments) < 2 || arguments[0] != "--" {
		return errors.New("usage: peer install DIRECTORY, peer -- COMMAND [ARGUMENT...]")
	}
	argv := arguments[1:]
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	environment := os.Environ()
	if keys := referencedKeys(environment); len(keys) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		values, err := ask(ctx, argv, keys)
		if err != nil {
			return err
		}
		if environment, err = resolve(environment, values); err != nil {
			return err
		}
	}
	return syscall.Exec(program, argv, withoutSettings(environment))
}

func ask(ctx context.Context, argv, keys []string) (map[string]string, error) {
	if os.Getenv("PIGGY_STANDALONE") == "true" {
		return askAWS(ctx)
	}
	return askWebhook(ctx, argv, keys)
}

func referencedKeys(environment []string) []string {
	var keys []string
	for _, entry := range environment {
		_, value, _ := strings.Cut(entry, "=")
		if key, ok := strings.CutPrefix(value, referencePrefix); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func resolve(environment []string, values map[string]string) ([]string, error) {
	resolved := make([]string, 0, len(environment))
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if key, ok := strings.CutPrefix(value, referencePrefix); ok {
			found, ok := values[key]
			if !ok {
				return nil, fmt.Errorf("%s: there is no key %q", name, key)
			}
			entry = name + "=" + found
		}
		resolved = append(resolved, entry)
	}
	return resolved, nil
}

func withoutSettings(environment []string) []string {
	rest := make([]string, 0, len(environment))
	for _, entry := range environment {
		if !strings.HasPrefix(entry, settingPrefix) {
			rest = append(rest, entry)
		}
	}
	return rest
}
