package main

import (
	"net/url"
	"regexp"
)

// runLabel marks a flow container; the worker sets it to the id of the flow run.
const runLabel = "io.prefect.flow-run-id"

// flowContainer asks the engine what the container is, and refuses all but this stack's flow containers.
func (p *proxy) flowContainer(r request) (status string, err error) {
	var found struct {
		Config     struct{ Labels map[string]string }
		HostConfig struct{ NetworkMode string }
		State      struct{ Status string }
	}
	if err := p.engine.inspect(r.ctx, r.version, "/containers/"+r.id+"/json", &found); err != nil {
		return "", err
	}
	if found.Config.Labels[runLabel] == "" || found.HostConfig.NetworkMode != p.names.network {
		return "", refuse(403, "the container is not a flow container of this stack")
	}
	return found.State.Status, nil
}

// onContainer is a call about a flow container. Its query may have the keys, all or none, and is written again.
func onContainer(method, action string, k keys) func(*proxy, request) (call, error) {
	return func(p *proxy, r request) (call, error) {
		values, err := k.readOrNone(r.query)
		if err != nil {
			return call{}, err
		}
		if _, err := p.flowContainer(r); err != nil {
			return call{}, err
		}
		query := url.Values{}
		for name, value := range values {
			query.Set(name, value)
		}
		return call{method: method, path: "/containers/" + r.id + action, query: query}, nil
	}
}

var (
	yesOrNo = regexp.MustCompile(`^[01]$`)

	inspectContainer = onContainer("GET", "/json", nil)
	readLogs         = onContainer("GET", "/logs", keys{
		"stderr": yesOrNo, "stdout": yesOrNo, "timestamps": yesOrNo, "follow": yesOrNo,
		"tail": regexp.MustCompile(`^(all|[0-9]{1,6})$`),
	})
	start = onContainer("POST", "/start", nil)
	wait  = onContainer("POST", "/wait", nil)
	stop  = onContainer("POST", "/stop", keys{"t": regexp.MustCompile(`^[0-9]{1,4}$`)})
	kill  = onContainer("POST", "/kill", keys{"signal": regexp.MustCompile(`^SIG(KILL|TERM|INT)$`)})
)

// listContainers is the janitor's question, word by word.
func listContainers(p *proxy, r request) (call, error) {
	filters := `{"label":["` + runLabel + `"],"network":["` + p.names.network + `"]}`
	k := keys{"all": literally("1"), "filters": literally(url.QueryEscape(filters))}
	if _, err := k.read(r.query); err != nil {
		return call{}, err
	}
	return call{method: "GET", path: "/containers/json", query: url.Values{"all": {"1"}, "filters": {filters}}}, nil
}

// removeContainer removes a flow container that ended; the engine itself refuses one that runs.
func removeContainer(p *proxy, r request) (call, error) {
	if r.query != "" {
		return call{}, refuse(403, "removing a container has no options")
	}
	status, err := p.flowContainer(r)
	if err != nil {
		return call{}, err
	}
	if status != "exited" && status != "dead" {
		return call{}, refuse(403, "the container is %s; only one that ended may be removed", status)
	}
	return call{method: "DELETE", path: "/containers/" + r.id}, nil
}

// plainly is a call without anything.
func plainly(method, path string) func(*proxy, request) (call, error) {
	return func(_ *proxy, r request) (call, error) {
		if r.query != "" {
			return call{}, refuse(403, "this call has no query")
		}
		return call{method: method, path: path}, nil
	}
}
