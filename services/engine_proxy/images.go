package main

import (
	"net/url"
	"regexp"
	"slices"
)

// base is the image that every flow image is built from.
const base = "trainyard/flows"

const (
	imageName = `[a-z0-9]+(?:[._-][a-z0-9]+)*`
	imageTag  = `[a-z0-9_][a-z0-9_.-]{0,127}`
)

var imageID = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// names are what is this stack's own.
type names struct {
	network    string
	secrets    string         // the volume that flows read
	repository string         // localhost:PORT/trainyard/, before an image's name
	untagged   *regexp.Regexp // an image of ours without its tag,
	tagged     *regexp.Regexp // with it,
	inQuery    *regexp.Regexp // and without it as it stands in a query
	tag        *regexp.Regexp
}

func newNames(project, registryPort string) *names {
	repository := "localhost:" + registryPort + "/trainyard/"
	start := "^" + regexp.QuoteMeta(repository)
	return &names{
		network:    project + "_flows",
		secrets:    project + "_flow-secrets",
		repository: repository,
		untagged:   regexp.MustCompile(start + imageName + "$"),
		tagged:     regexp.MustCompile(start + imageName + ":" + imageTag + "$"),
		inQuery:    regexp.MustCompile("^" + regexp.QuoteMeta(url.QueryEscape(repository)) + "(" + imageName + ")$"),
		tag:        regexp.MustCompile("^" + imageTag + "$"),
	}
}

// fromQuery is an image of ours, without its tag, from how it stands in a query.
func (n *names) fromQuery(value string) string {
	return n.repository + n.inQuery.FindStringSubmatch(value)[1]
}

// inspectOurs looks at an image of ours.
func inspectOurs(p *proxy, r request) (call, error) {
	if !p.names.tagged.MatchString(r.id) || r.query != "" {
		return call{}, refuse(403, "only an image of this stack's registry may be looked at, by name and tag")
	}
	return call{method: "GET", path: "/images/" + r.id + "/json"}, nil
}

// inspectBuilt looks at the base image, or at what was built from it.
func inspectBuilt(p *proxy, r request) (call, error) {
	if r.query != "" {
		return call{}, refuse(403, "looking at an image has no options")
	}
	if r.id != base {
		if err := p.builtFromBase(r); err != nil {
			return call{}, err
		}
	}
	return call{method: "GET", path: "/images/" + r.id + "/json"}, nil
}

// builtFromBase refuses an id of any image that is not the base image with further layers on it.
func (p *proxy) builtFromBase(r request) error {
	if !imageID.MatchString(r.id) {
		return refuse(403, "an image may be named by its id only, or be %s", base)
	}
	var found, below struct{ RootFS struct{ Layers []string } }
	if err := p.engine.inspect(r.ctx, r.version, "/images/"+r.id+"/json", &found); err != nil {
		return err
	}
	if err := p.engine.inspect(r.ctx, r.version, "/images/"+base+"/json", &below); err != nil {
		return err
	}
	layers, lowest := found.RootFS.Layers, below.RootFS.Layers
	if len(layers) <= len(lowest) || !slices.Equal(layers[:len(lowest)], lowest) {
		return refuse(403, "the image was not built from %s", base)
	}
	return nil
}

// pull fetches an image of ours from this stack's registry.
func pull(p *proxy, r request) (call, error) {
	values, err := keys{"fromImage": p.names.inQuery, "tag": p.names.tag}.read(r.query)
	if err != nil {
		return call{}, err
	}
	query := url.Values{"fromImage": {p.names.fromQuery(values["fromImage"])}, "tag": {values["tag"]}}
	return call{method: "POST", path: "/images/create", query: query}, nil
}

// tag names an image that was built from the base as one of ours.
func tag(p *proxy, r request) (call, error) {
	values, err := keys{"repo": p.names.inQuery, "tag": p.names.tag, "force": literally("0")}.read(r.query)
	if err != nil {
		return call{}, err
	}
	if err := p.builtFromBase(r); err != nil {
		return call{}, err
	}
	query := url.Values{"repo": {p.names.fromQuery(values["repo"])}, "tag": {values["tag"]}}
	return call{method: "POST", path: "/images/" + r.id + "/tag", query: query}, nil
}

// push sends an image of ours to this stack's registry. Its client sends an empty JSON object, which is not handed on.
func push(p *proxy, r request) (call, error) {
	values, err := keys{"tag": p.names.tag}.read(r.query)
	if err != nil {
		return call{}, err
	}
	if !p.names.untagged.MatchString(r.id) || (len(r.body) > 0 && string(r.body) != "{}") {
		return call{}, refuse(403, "only an image of this stack may be pushed, without a body")
	}
	return call{method: "POST", path: "/images/" + r.id + "/push", query: url.Values{"tag": {values["tag"]}}}, nil
}

// removeImage removes a name of ours, and the image when it was the last.
func removeImage(p *proxy, r request) (call, error) {
	if _, err := (keys{"force": literally("False"), "noprune": literally("True")}).read(r.query); err != nil {
		return call{}, err
	}
	if !p.names.tagged.MatchString(r.id) {
		return call{}, refuse(403, "only an image of this stack's registry may be removed, by name and tag")
	}
	return call{method: "DELETE", path: "/images/" + r.id, query: url.Values{"noprune": {"1"}}}, nil
}
