package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
)

// Heads of our clients have some 300 bytes.
const headLimit = 8 << 10

var (
	requestLine = regexp.MustCompile(`^([A-Z]{3,7}) (/[!-~]*) HTTP/1\.1$`)
	headerLine  = regexp.MustCompile(`^([A-Za-z-]{1,40}): ([ -~]*)$`)
	length      = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
)

// knownHeaders are those that our clients send. None of them is handed on; one that is not here could only be
// meant for another parser: Transfer-Encoding, Upgrade, Expect, Trailer, X-Registry-Auth.
var knownHeaders = map[string]bool{
	"accept": true, "accept-encoding": true, "connection": true, "content-length": true,
	"content-type": true, "host": true, "user-agent": true,
}

// listener hands out connections whose first bytes are a request's head of the plainest kind.
type listener struct {
	net.Listener
	role  string
	slots chan struct{}
}

func newListener(inner net.Listener, role string) *listener {
	return &listener{inner, role, make(chan struct{}, maxConnections)}
}

// Accept waits while as many connections are open as may be.
func (l *listener) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	inner, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	free := sync.OnceFunc(func() { <-l.slots })
	return &connection{Conn: inner, role: l.role, free: free}, nil
}

// connection checks the head before the HTTP server sees a byte of it. A head that is refused is answered here,
// and to the server the connection ends.
type connection struct {
	net.Conn
	role   string
	free   func()
	unread []byte // what was read to find the end of the head; the server reads it from here
	begun  bool
}

func (c *connection) Close() error {
	defer c.free()
	return c.Conn.Close()
}

func (c *connection) Read(into []byte) (int, error) {
	if !c.begun {
		c.begun = true
		head, err := c.readHead()
		if err == io.EOF {
			return 0, err
		}
		if err == nil {
			err = checkHead(head)
		}
		if err != nil {
			method, path := firstWords(head)
			refused := refuse(400, "%v", err)
			refused.log(c.role, method, path)
			io.WriteString(c.Conn, refused.asHTTP())
			return 0, io.EOF
		}
	}
	if len(c.unread) > 0 {
		n := copy(into, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(into)
}

// readHead reads until the empty line that ends a head, and returns what stands before it.
func (c *connection) readHead() ([]byte, error) {
	buffer := make([]byte, 0, headLimit)
	for {
		n, err := c.Conn.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if end := bytes.Index(buffer, []byte("\r\n\r\n")); end >= 0 {
			c.unread = buffer
			return buffer[:end], nil
		}
		switch {
		case err != nil && len(buffer) == 0:
			return nil, io.EOF // a client that came and went
		case err != nil:
			return buffer, fmt.Errorf("the head did not arrive: %w", err)
		case len(buffer) == headLimit:
			return buffer, fmt.Errorf("the head is longer than %d bytes", headLimit)
		}
	}
}

// checkHead returns nil for a head that every parser reads alike: HTTP/1.1, plain characters, known headers, each once.
func checkHead(head []byte) error {
	first, rest, _ := strings.Cut(string(head), "\r\n")
	if !requestLine.MatchString(first) {
		return fmt.Errorf("the request line is not METHOD /path HTTP/1.1")
	}
	seen := map[string]string{}
	for _, line := range strings.Split(rest, "\r\n") {
		parts := headerLine.FindStringSubmatch(line)
		if parts == nil {
			return fmt.Errorf("a header is not of the form Name: value")
		}
		name := strings.ToLower(parts[1])
		if !knownHeaders[name] {
			return fmt.Errorf("the header %s is not one that is needed here", name)
		}
		if _, twice := seen[name]; twice {
			return fmt.Errorf("the header %s comes twice", name)
		}
		seen[name] = parts[2]
	}
	if value, given := seen["content-length"]; given && !length.MatchString(value) {
		return fmt.Errorf("Content-Length is not a plain number")
	}
	if value, given := seen["connection"]; given && value != "keep-alive" && value != "close" {
		return fmt.Errorf("Connection may be keep-alive or close only")
	}
	if seen["host"] == "" {
		return fmt.Errorf("there is no Host")
	}
	return nil
}

// firstWords are the method and the path of a head that may be anything, for the log.
func firstWords(head []byte) (method, path string) {
	line, _, _ := strings.Cut(string(head), "\r\n")
	words := append(strings.SplitN(line, " ", 3), "", "")
	path, _, _ = strings.Cut(words[1], "?")
	return words[0], path
}
