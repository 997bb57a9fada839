package main

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"syscall"
)

// container fields, as docker-py names and sends them; infra/setup/make_work_pool.py is where they come from.
type newContainer struct {
	Tty, OpenStdin, StdinOnce               bool
	AttachStdin, AttachStdout, AttachStderr bool
	Env, Cmd                                []string
	Image                                   string
	Volumes                                 map[string]struct{}
	NetworkDisabled                         bool
	HostConfig                              hostConfig
	NetworkingConfig                        map[string]*struct{}
	Labels                                  map[string]string
}

type hostConfig struct {
	Memory, MemorySwap int64
	NetworkMode        string
	ReadonlyRootfs     bool
	CapDrop            []string
	SecurityOpt        []string
	Binds              []string
	LogConfig          logConfig
	Tmpfs              map[string]string
	PidsLimit          int64
}

type logConfig struct {
	Type   string
	Config map[string]string
}

const (
	leastMemory = 64 << 20
	mostPids    = 4096
	mostStrings = 200 // of Env, of Cmd, of Labels
)

var (
	containerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{1,254}$`)
	environment   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}=`)
	password      = regexp.MustCompile(`(?i)^PREFECT_(SERVER_)?API_(AUTH_STRING|KEY)=`)
	label         = regexp.MustCompile(`^io\.prefect\.[a-z0-9][a-z0-9.-]{0,63}$`)
	labelValue    = regexp.MustCompile(`^[^\x00-\x1f\x7f]{0,512}$`)
	runID         = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// lockedDown is the one kind of container there may be; where the asked one is free, it takes its value.
func lockedDown(asked newContainer, n *names) newContainer {
	return newContainer{
		AttachStdout: true, AttachStderr: true,
		Env: asked.Env, Cmd: asked.Cmd, Image: asked.Image, Labels: asked.Labels,
		Volumes: map[string]struct{}{"/run/secrets": {}},
		HostConfig: hostConfig{
			Memory: asked.HostConfig.Memory, MemorySwap: asked.HostConfig.Memory, PidsLimit: asked.HostConfig.PidsLimit,
			NetworkMode:    n.network,
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			SecurityOpt:    []string{"no-new-privileges:true"},
			Binds:          []string{n.secrets + ":/run/secrets:ro"},
			LogConfig:      logConfig{"json-file", map[string]string{"max-size": "10m", "max-file": "3"}},
			Tmpfs:          map[string]string{"/tmp": "size=512m"},
		},
		NetworkingConfig: map[string]*struct{}{n.network: nil},
	}
}

// create makes a container that is locked down, within bounds, from an image of ours.
func create(p *proxy, r request) (call, error) {
	values, err := keys{"name": containerName}.readOrNone(r.query)
	if err != nil {
		return call{}, err
	}
	var asked newContainer
	if err := decode(r.body, &asked); err != nil {
		return call{}, refuse(403, "the container is not described as the worker does: %v", err)
	}
	allowed := lockedDown(asked, p.names)
	if field := difference(reflect.ValueOf(asked), reflect.ValueOf(allowed)); field != "" {
		return call{}, refuse(403, "%s is not what flow containers have", field)
	}
	if err := checkFree(allowed, p.names); err != nil {
		return call{}, err
	}
	body, err := json.Marshal(allowed)
	if err != nil {
		return call{}, err
	}
	query := url.Values{}
	if values != nil {
		query.Set("name", values["name"])
	}
	return call{method: "POST", path: "/containers/create", query: query, contentType: "application/json", body: body}, nil
}

// difference names the first field in which the two structs differ.
func difference(one, other reflect.Value) string {
	for i := range one.NumField() {
		a, b, name := one.Field(i), other.Field(i), one.Type().Field(i).Name
		if a.Kind() == reflect.Struct {
			if inner := difference(a, b); inner != "" {
				return name + "." + inner
			}
		} else if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			return name
		}
	}
	return ""
}

// checkFree holds what a container may choose against its bounds.
func checkFree(c newContainer, n *names) error {
	if most := machineMemory(); c.HostConfig.Memory < leastMemory || c.HostConfig.Memory > most {
		return refuse(403, "Memory is %d; it may be from %d to the machine's %d", c.HostConfig.Memory, leastMemory, most)
	}
	if c.HostConfig.PidsLimit < 1 || c.HostConfig.PidsLimit > mostPids {
		return refuse(403, "PidsLimit is %d; it may be from 1 to %d", c.HostConfig.PidsLimit, mostPids)
	}
	if !n.tagged.MatchString(c.Image) {
		return refuse(403, "Image is not one of this stack's registry, by name and tag")
	}
	if len(c.Env) > mostStrings || len(c.Cmd) > mostStrings || len(c.Labels) > mostStrings {
		return refuse(403, "Env, Cmd and Labels may have %d entries each", mostStrings)
	}
	for _, entry := range c.Env {
		if !environment.MatchString(entry) || !isText(entry) {
			return refuse(403, "Env has an entry that is not NAME=value")
		}
		if password.MatchString(entry) {
			return refuse(403, "Env holds Prefect's password; flow containers read it from its file")
		}
	}
	for _, word := range c.Cmd {
		if !isText(word) {
			return refuse(403, "Cmd has a word that is not text")
		}
	}
	for name, value := range c.Labels {
		if !label.MatchString(name) || !labelValue.MatchString(value) || !isText(value) {
			return refuse(403, "the label %q may not be set: labels are io.prefect.*, of at most 512 characters", name)
		}
	}
	if !runID.MatchString(c.Labels[runLabel]) {
		return refuse(403, "the label %s must be the id of a flow run", runLabel)
	}
	return nil
}

// isText tells whether the string can be an argument, and was sent as it is: U+FFFD stands for what could not be decoded.
func isText(text string) bool {
	return !strings.ContainsAny(text, "\x00\uFFFD")
}

// machineMemory is in bytes, as the kernel tells it: a container sees the machine that the engine runs on.
func machineMemory() int64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
