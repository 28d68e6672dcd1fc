package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"time"
)

type connection struct {
	stream      *tls.Conn
	requests    requests
	buffer      []byte
	latencies   []time.Duration
	answerBytes int
	failure     error
}

func newConnection(stream *tls.Conn, requests requests) *connection {
	return &connection{
		stream:    stream,
		requests:  requests,
		buffer:    make([]byte, 1<<20),
		latencies: make([]time.Duration, 0, 1<<18),
	}
}

// repeat sends, waits for the answer, and sends again until the end has come.
func (c *connection) repeat(end time.Time) {
	now := time.Now()
	for now.Before(end) {
		if c.failure = c.once(c.requests.next()); c.failure != nil {
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
)

// once sends the request and reads its answer, which must hold what it should.
func (c *connection) once(request []byte, answered [][]byte) error {
	if _, err := c.stream.Write(request); err != nil {
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
	if held != whole {
		return fmt.Errorf("more than an answer: %s", c.buffer[:held])
	}
	for _, each := range answered {
		if !bytes.Contains(answer, each) {
			return fmt.Errorf("an answer without %s: %s", each, answer)
		}
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
