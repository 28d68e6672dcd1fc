package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// request is what is sent: its bytes are written once, and only the serial numbers in them change.
type request struct {
	bytes []byte
	at    []int
}

func newRequest(host, path string, body []byte) *request {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\n"+
		"Content-Length: %d\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n"+
		"Accept-Encoding: gzip\r\n\r\n", path, host, len(body))
	request := &request{bytes: append([]byte(head), body...)}
	for from := 0; ; {
		found := bytes.Index(request.bytes[from:], serialMark)
		if found < 0 {
			return request
		}
		request.at = append(request.at, from+found)
		from += found + len(serialMark)
	}
}

// write puts a serial number in every place.
func (r *request) write(serial []byte) {
	for _, at := range r.at {
		copy(r.bytes[at:], serial)
	}
}

type connection struct {
	stream      *tls.Conn
	request     *request
	number      uint64
	buffer      []byte
	latencies   []time.Duration
	answerBytes int
	failure     error
}

func newConnection(stream *tls.Conn, request *request, number uint64) *connection {
	return &connection{
		stream:    stream,
		request:   request,
		number:    number,
		buffer:    make([]byte, 1<<20),
		latencies: make([]time.Duration, 0, 1<<18),
	}
}

// perConnection is how many serial numbers each connection has for itself.
const perConnection = 1_000_000_000

// repeat sends, waits for the answer, and sends again until the end has come.
func (c *connection) repeat(end time.Time) {
	serial := make([]byte, 0, len(serialMark))
	now := time.Now()
	// No two runs send the same.
	next := (c.number+1)*perConnection + uint64(now.UnixMilli()%perConnection)
	for now.Before(end) {
		serial = strconv.AppendUint(serial[:0], 100_000_000_000+next, 10)
		next++
		c.request.write(serial)
		if c.failure = c.once(serial); c.failure != nil {
			return
		}
		then := now
		now = time.Now()
		c.latencies = append(c.latencies, now.Sub(then))
	}
}

var (
	endOfHead     = []byte("\r\n\r\n")
	statusOK      = []byte("HTTP/1.1 200 ")
	contentLength = []byte("\r\ncontent-length: ")
	isAllowed     = []byte(`"allowed":true`)
)

// once sends the request and reads an answer, which must allow this very request.
func (c *connection) once(serial []byte) error {
	if _, err := c.stream.Write(c.request.bytes); err != nil {
		return err
	}
	held, whole := 0, 0
	for whole == 0 || held < whole {
		count, err := c.stream.Read(c.buffer[held:])
		if err != nil {
			return err
		}
		held += count
		if whole == 0 {
			if whole, err = answerLength(c.buffer[:held]); err != nil {
				return err
			}
		}
		if whole > len(c.buffer) {
			return errors.New("the answer is too long")
		}
	}
	c.answerBytes = whole
	answer := c.buffer[:whole]
	if held != whole || !bytes.Contains(answer, serial) || !bytes.Contains(answer, isAllowed) {
		return fmt.Errorf("not the answer to request %s: %s", serial, answer)
	}
	return nil
}

// answerLength is that of head and body, or 0 while the head has not ended.
func answerLength(held []byte) (int, error) {
	end := bytes.Index(held, endOfHead)
	if end < 0 {
		return 0, nil
	}
	head := held[:end+2]
	if !bytes.HasPrefix(head, statusOK) {
		return 0, fmt.Errorf("not OK: %s", held)
	}
	at := bytes.Index(bytes.ToLower(head), contentLength)
	if at < 0 {
		return 0, fmt.Errorf("an answer of no known length: %s", head)
	}
	digits := head[at+len(contentLength):]
	length, err := strconv.Atoi(string(digits[:bytes.IndexByte(digits, '\r')]))
	return end + len(endOfHead) + length, err
}
