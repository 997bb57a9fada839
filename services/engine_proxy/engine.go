package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// call is a request to the engine, as the proxy writes it.
type call struct {
	method      string
	path        string // without the version
	query       url.Values
	contentType string
	body        []byte
}

// engine speaks to the Docker engine in one version of its API, its own.
type engine struct {
	client http.Client
}

func newEngine(socket string) *engine {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &engine{http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answerOf is an answer of the engine that is not what the proxy asked for; the client gets it as it is.
type answerOf struct {
	status int
	body   []byte
}

func (a *answerOf) Error() string { return fmt.Sprintf("the engine answered %d", a.status) }

// version is the engine's API version, such as "1.41". Every client of ours asks for it first and then uses it.
func (e *engine) version(ctx context.Context) (string, error) {
	response, err := e.send(ctx, "", call{method: "GET", path: "/_ping"})
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	return response.Header.Get("Api-Version"), nil
}

// inspect asks for something and reads the JSON of it.
func (e *engine) inspect(ctx context.Context, version, path string, into any) error {
	response, err := e.send(ctx, version, call{method: "GET", path: path})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &answerOf{response.StatusCode, text}
	}
	return json.Unmarshal(text, into)
}

// send writes the call; the answer ends when ctx does.
func (e *engine) send(ctx context.Context, version string, c call) (*http.Response, error) {
	target := url.URL{Scheme: "http", Host: "engine", Path: c.path, RawQuery: c.query.Encode()}
	if version != "" {
		target.Path = "/v" + version + c.path
	}
	request, err := http.NewRequestWithContext(ctx, c.method, target.String(), bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.method == http.MethodPost {
		request.Header.Set("X-Registry-Auth", "e30=") // {}: a push must say so; our registry asks for no log-in
	}
	return e.client.Do(request)
}

// pass writes the engine's answer to the client, each part as soon as it comes: logs and progress are followed.
func pass(w http.ResponseWriter, response *http.Response) {
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if version := response.Header.Get("Api-Version"); version != "" {
		w.Header().Set("Api-Version", version)
	}
	if response.ContentLength >= 0 && response.StatusCode != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
	}
	w.WriteHeader(response.StatusCode)
	flush := http.NewResponseController(w).Flush
	flush()
	buffer := make([]byte, 32<<10)
	for {
		n, err := response.Body.Read(buffer)
		if _, failed := w.Write(buffer[:n]); failed != nil {
			return
		}
		flush()
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // the engine's answer broke off, and so does this one
		}
	}
}
