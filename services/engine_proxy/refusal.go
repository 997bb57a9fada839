package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// refusal is why a request does not reach the engine.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, format string, values ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, values...)}
}

// body is what docker clients show: the engine's own form of an error.
func (r *refusal) body() []byte {
	text, _ := json.Marshal(map[string]string{"message": "refused by the engine proxy: " + short(r.reason)})
	return append(text, '\n')
}

// asHTTP is the whole answer, for a connection that no HTTP server has read from.
func (r *refusal) asHTTP() string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		r.status, http.StatusText(r.status), len(r.body()), r.body())
}

// log writes one line. The query is left out: a value in it may be a secret.
func (r *refusal) log(role, method, path string) {
	fmt.Fprintf(os.Stdout, "event=refused role=%s method=%q path=%q reason=%q\n", role, short(method), short(path), short(r.reason))
}

// short is at most 200 characters, and those printable.
func short(text string) string {
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, text)
}
