package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

const (
	bodyTimeout = 10 * time.Second
	smallBody   = 1 << 10
)

// request is what a rule gets to see of a client's request.
type request struct {
	ctx     context.Context
	version string // of the API, the engine's own
	id      string // what the rule's path names
	query   string // as it stands
	body    []byte
}

type proxy struct {
	role   string
	rules  []rule
	names  *names
	engine *engine
	bodies chan struct{} // a place for each body of some size that is held: memory is 64 MiB
}

func newProxy(role string, rules []rule, n *names, socket string) *proxy {
	return &proxy{role, rules, n, newEngine(socket), make(chan struct{}, 4)}
}

var target = regexp.MustCompile(`^(?:/v(1\.[0-9]{2}))?(/[A-Za-z0-9_./:-]*)$`)

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, query, asked := strings.Cut(r.RequestURI, "?")
	err := p.serve(w, r, path, query, asked)
	var refused *refusal
	var other *answerOf
	switch {
	case err == nil:
	case errors.As(err, &refused):
		refused.log(p.role, r.Method, path)
		answer(w, refused.status, refused.body())
	case errors.As(err, &other):
		answer(w, other.status, other.body)
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the client left; nobody reads an answer
	default:
		fmt.Fprintf(os.Stdout, "event=failed role=%s method=%s path=%q error=%q\n", p.role, r.Method, short(path), err)
		answer(w, http.StatusBadGateway, []byte(`{"message": "the engine proxy got no answer from the engine"}`))
	}
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// serve finds the rule for the request, lets it write a call, and passes the engine's answer on.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request, path, query string, asked bool) error {
	if asked && query == "" {
		return refuse(403, "the query is empty")
	}
	parts := target.FindStringSubmatch(path)
	if parts == nil {
		return refuse(403, "the path is not /v1.xx/… in plain characters")
	}
	rule, id := p.find(r.Method, parts[2])
	if rule == nil {
		return refuse(403, "no rule of role %s allows %s %s", p.role, r.Method, parts[2])
	}
	if r.ContentLength > rule.body {
		return refuse(413, "the body has %d bytes; this call may have %d", r.ContentLength, rule.body)
	}
	if kind := r.Header.Get("Content-Type"); rule.contentType != "" && kind != rule.contentType {
		return refuse(403, "Content-Type is %q, not %q", kind, rule.contentType)
	}
	if r.ContentLength > smallBody {
		p.bodies <- struct{}{}
		defer func() { <-p.bodies }()
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	version, err := p.engine.version(r.Context())
	if err != nil {
		return err
	}
	if parts[1] != version && (parts[1] != "" || !rule.unversioned) {
		return refuse(403, "the API version is %q; the engine's own, %s, is the one to use", parts[1], version)
	}
	c, err := rule.write(p, request{r.Context(), version, id, query, body})
	if err != nil {
		return err
	}
	response, err := p.engine.send(r.Context(), version, c)
	if err != nil {
		return err
	}
	pass(w, response)
	return nil
}

// find returns the rule whose method and whole path match, and what the path names.
func (p *proxy) find(method, path string) (*rule, string) {
	for i := range p.rules {
		rule := &p.rules[i]
		if parts := rule.path.FindStringSubmatch(path); parts != nil && rule.method == method {
			return rule, parts[len(parts)-1]
		}
	}
	return nil, ""
}

// readBody reads exactly Content-Length bytes, within the time that a body may take.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, refuse(400, "the body did not arrive: %v", err)
	}
	return body, control.SetReadDeadline(time.Time{})
}
