package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// request is valid until the handler returns.
type request struct {
	method, path string
	head, body   []byte
}

// handler answers with a whole response, or with nothing: then the connection is cut.
type handler func(request) []byte

const (
	startSize = 32 << 10
	mostBytes = 1 << 20
)

// serve knows as much of HTTP/1.1 as its clients use: requests with a length, one after the other.
func serve(listener net.Listener, answer handler) error {
	for {
		stream, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer stream.Close()
			if err := converse(stream, answer); err != nil {
				fmt.Println(err)
			}
		}()
	}
}

func converse(stream net.Conn, answer handler) error {
	buffer := make([]byte, startSize)
	held := 0
	for {
		whole := 0
		var asked request
		for whole == 0 || held < whole {
			if held == len(buffer) {
				buffer = append(buffer, make([]byte, len(buffer))...)
			}
			count, err := stream.Read(buffer[held:])
			if err != nil {
				return nil
			}
			held += count
			if whole, asked, err = parse(buffer[:held]); err != nil {
				return err
			}
		}
		answered := answer(asked)
		if answered == nil {
			return nil
		}
		if _, err := stream.Write(answered); err != nil {
			return nil
		}
		held = copy(buffer, buffer[whole:held])
	}
}

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\ncontent-length:")
)

// parse returns the length of the request with its body, or 0 while its head has not ended.
func parse(held []byte) (int, request, error) {
	end := bytes.Index(held, endOfHead)
	if end < 0 {
		return 0, request{}, nil
	}
	head := held[:end+2]
	method, rest, _ := bytes.Cut(head, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	length, err := lengthIn(head)
	whole := end + len(endOfHead) + length
	if err != nil || whole > mostBytes {
		return 0, request{}, fmt.Errorf("a request of no length: %s", head)
	}
	asked := request{method: string(method), path: string(path), head: head}
	if len(held) >= whole {
		asked.body = held[end+len(endOfHead) : whole]
	}
	return whole, asked, nil
}

func lengthIn(head []byte) (int, error) {
	at := bytes.Index(bytes.ToLower(head), contentLength)
	if at < 0 {
		return 0, nil
	}
	digits, _, ok := bytes.Cut(head[at+len(contentLength):], []byte("\r"))
	if !ok {
		return 0, errors.New("an unfinished header")
	}
	return strconv.Atoi(string(bytes.TrimSpace(digits)))
}

// response has a length.
func response(status string, headers, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n", status, headers, len(body))
	return append([]byte(head), body...)
}

// Go's own server sends what is longer than its buffer in chunks, unless it is told the length.
const longestBuffered = 2048

// chunked is what a handler of Go's own server sends that writes its body at once.
func chunked(status string, headers, body []byte) []byte {
	if len(body) <= longestBuffered {
		return response(status, headers, body)
	}
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		status, headers, len(body), body)
}
