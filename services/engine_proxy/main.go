// The engine proxy stands between the Docker engine's socket and those who need a few of its calls.
//
// It is no filter. It reads what a request means, and if that is one of the things its role may do, it writes
// a request of its own: nothing of the client's bytes reaches the engine unless it was checked and encoded
// again. So two parsers never have to agree. A connection carries one request.
//
//	connection.go  the bytes of a request's head, before anything interprets them
//	rules.go       what each role may ask, one line per call
//	proxy.go       from a request to a call or a refusal
//	engine.go      calls to the engine, and its answers on their way back
//	query.go       queries, compared as they stand
//	containers.go  calls about containers; images.go about images
//	create.go      the one kind of container that may be made
//	json.go        JSON without a second meaning
//	build.go       the one kind of image that may be built
//	refusal.go     how a refusal is answered and logged
package main

import (
	"log"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	listenOn       = "/run/engine/engine.sock"
	engineSocket   = "/var/run/docker.sock"
	maxConnections = 200
	headTimeout    = 10 * time.Second
)

func main() {
	rules, known := map[string][]rule{"worker": workerRules, "deploy": deployRules}[os.Getenv("ROLE")]
	if !known {
		log.Fatalf("ROLE is %q; it must be worker or deploy", os.Getenv("ROLE"))
	}
	p := newProxy(os.Getenv("ROLE"), rules, newNames(needed("PROJECT"), needed("REGISTRY_PORT")), engineSocket)
	server := http.Server{Handler: p, ReadHeaderTimeout: headTimeout}
	server.SetKeepAlivesEnabled(false)
	log.Fatal(server.Serve(newListener(listen(listenOn), p.role)))
}

// listen opens the socket for this user alone. One that a killed predecessor left is removed.
func listen(path string) net.Listener {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	syscall.Umask(0o177)
	socket, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	return socket
}

func needed(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("%s is not set", name)
	}
	return value
}
