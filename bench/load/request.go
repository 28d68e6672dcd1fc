package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// requests are what one connection sends, one after the other, and what their answers hold.
type requests interface {
	// next is valid until it is called again.
	next() (bytes []byte, answered [][]byte)
}

func format(host, path string, headers map[string]string, body []byte) []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\n", path, host)
	for _, name := range sortedNames(headers) {
		fmt.Fprintf(&head, "%s: %s\r\n", name, headers[name])
	}
	fmt.Fprintf(&head, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
	return append(head.Bytes(), body...)
}

func sortedNames(headers map[string]string) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// numbered is one request whose bytes are written once: only the serial numbers in them change.
type numbered struct {
	bytes    []byte
	at       []int
	serial   []byte
	number   uint64
	answered [][]byte
}

var serialMark = bytes.Repeat([]byte("0"), 12)

// perConnection is how many serial numbers each connection has for itself.
const perConnection = 1_000_000_000

func newNumbered(text []byte, expected string, connection int) *numbered {
	// No two runs send the same.
	start := uint64(time.Now().UnixMilli() % perConnection)
	made := &numbered{bytes: bytes.Clone(text), number: uint64(connection+1)*perConnection + start}
	for from := 0; ; {
		found := bytes.Index(text[from:], serialMark)
		if found < 0 {
			break
		}
		made.at = append(made.at, from+found)
		from += found + len(serialMark)
	}
	made.serial = made.bytes[made.at[0]:][:len(serialMark)]
	made.answered = [][]byte{made.serial, []byte(expected)}
	return made
}

func (n *numbered) next() ([]byte, [][]byte) {
	n.number++
	strconv.AppendUint(n.serial[:0], 100_000_000_000+n.number, 10)
	for _, at := range n.at[1:] {
		copy(n.bytes[at:], n.serial)
	}
	return n.bytes, n.answered
}

// listed are requests of a file, over and over.
type listed struct {
	list []listedRequest
	at   int
}

type listedRequest struct {
	bytes    []byte
	answered [][]byte
}

func (l *listed) next() ([]byte, [][]byte) {
	each := &l.list[l.at%len(l.list)]
	l.at++
	return each.bytes, each.answered
}

// readList reads a JSON object a line.
func readList(file, host, path string) ([]listedRequest, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []listedRequest
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Headers map[string]string `json:"headers"`
			Body    string            `json:"body"`
			Expect  string            `json:"expect"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
		list = append(list, listedRequest{
			bytes:    format(host, path, line.Headers, []byte(line.Body)),
			answered: [][]byte{[]byte(line.Expect)},
		})
	}
	return list, lines.Err()
}
