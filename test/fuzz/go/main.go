// What Kubernetes' own libraries and Go's make of texts that Piggy reads too: a line of JSON in, {"kind","input"}, and
// one out, {"ok","value"}. An answer that is not ok says that the text is none of its kind.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

type question struct {
	Kind  string `json:"kind"`
	Input string `json:"input"`
	// Of a glob, what is held against it.
	Text string `json:"text"`
}

type answer struct {
	OK    bool `json:"ok"`
	Value any  `json:"value"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		value, err := answerTo(asked)
		if encodeErr := out.Encode(answer{OK: err == nil, Value: value}); encodeErr != nil {
			panic(encodeErr)
		}
	}
}

func answerTo(asked question) (any, error) {
	switch asked.Kind {
	case "boolean":
		return strconv.ParseBool(asked.Input)
	case "duration":
		duration, err := time.ParseDuration(asked.Input)
		// JSON's readers round what is longer than 53 bits.
		return strconv.FormatInt(int64(duration), 10), err
	case "quantity":
		quantity, err := resource.ParseQuantity(asked.Input)
		if err != nil {
			return nil, err
		}
		return map[string]any{"negative": quantity.Sign() < 0, "bytes": strconv.FormatInt(quantity.Value(), 10), "text": quantity.String()}, nil
	case "glob":
		return path.Match(asked.Input, asked.Text)
	case "image":
		return imageOf(asked.Input)
	case "yaml":
		return yamlOf(asked.Input)
	case "answer":
		return responseOf(asked.Input)
	}
	panic("no kind " + asked.Kind)
}

// As the kubelet and the container runtimes read a container's image.
func imageOf(text string) (any, error) {
	named, err := reference.ParseDockerRef(text)
	if err != nil {
		return nil, err
	}
	parsed := map[string]string{"domain": reference.Domain(named), "repository": reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		parsed["reference"] = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		parsed["reference"] = digested.Digest().String()
	}
	return parsed, nil
}

// The JSON that kubectl makes of a document.
func yamlOf(text string) (any, error) {
	document, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, err
	}
	return json.RawMessage(document), nil
}

// The input has a character for each byte.
func responseOf(text string) (any, error) {
	bytes := make([]byte, 0, len(text))
	for _, character := range text {
		bytes = append(bytes, byte(character))
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(bytes))), nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": response.StatusCode, "body": string(body), "close": response.Close}, nil
}
