package main

import "regexp"

// rule is one call that a role may ask for. What it does not name is refused.
type rule struct {
	method      string
	path        *regexp.Regexp // the whole path behind the version; a group in it is what the call is about
	body        int64          // bytes that the body may have
	contentType string         // the one that it must have; empty: none is asked for
	unversioned bool           // may be asked for without a version, as clients do to learn it
	write       func(*proxy, request) (call, error)
}

const (
	container = `/containers/([0-9a-f]{64})`
	image     = `/images/([a-z0-9_./:-]+)`
)

var probes = []rule{
	{method: "GET", path: path(`/_ping`), unversioned: true, write: plainly("GET", "/_ping")},
	{method: "GET", path: path(`/version`), unversioned: true, write: plainly("GET", "/version")},
}

// workerRules: look at and pull our images, make locked-down containers from them, start, follow and stop these.
var workerRules = append(probes[:2:2], []rule{
	{method: "GET", path: path(image + `/json`), write: inspectOurs},
	{method: "POST", path: path(`/images/create`), write: pull},
	{method: "POST", path: path(`/containers/create`), body: 32 << 10, contentType: "application/json", write: create},
	{method: "GET", path: path(container + `/json`), write: inspectContainer},
	{method: "GET", path: path(container + `/logs`), write: readLogs},
	{method: "POST", path: path(container + `/start`), write: start},
	{method: "POST", path: path(container + `/wait`), write: wait},
	{method: "POST", path: path(container + `/stop`), write: stop},
	{method: "POST", path: path(container + `/kill`), write: kill},
}...)

// deployRules: build flow images, name them as ours, push and remove these. The janitor: list this stack's flow
// containers, remove those that ended.
var deployRules = append(probes[:2:2], []rule{
	{method: "GET", path: path(image + `/json`), write: inspectBuilt},
	{method: "POST", path: path(`/build`), body: contextLimit, contentType: "application/tar", write: build},
	{method: "POST", path: path(`/images/(sha256:[0-9a-f]{64})/tag`), write: tag},
	{method: "POST", path: path(image + `/push`), body: 2, write: push},
	{method: "DELETE", path: path(image), write: removeImage},
	{method: "GET", path: path(`/containers/json`), write: listContainers},
	{method: "DELETE", path: path(container), write: removeContainer},
}...)

func path(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + pattern + "$")
}
