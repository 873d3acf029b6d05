// A control plane of go-control-plane, to be measured beside Heddle: it serves the resources of a file over delta aggregated discovery,
// by its snapshot cache or by its linear caches, and takes one endpoint out or puts it back when told to.
//
//	xds-neighbour snapshot|linear <file>
//
// Commands come as lines of JSON on standard input, each is answered by one line of JSON. It ends with its standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"syscall"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
)

const version = "0.14.0"

type command struct {
	Do       string `json:"do"`
	Service  string `json:"service"`
	Endpoint int    `json:"endpoint"`
	Out      bool   `json:"out"`
	Wait     bool   `json:"wait"`
}

type group struct{}

// ID makes all Envoys of a gateway share one snapshot.
func (group) ID(node *core.Node) string { return node.GetCluster() }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		fmt.Println("go-control-plane " + version)
		return
	}
	if len(os.Args) != 3 {
		log.Fatal("usage: xds-neighbour snapshot|linear <file>")
	}
	resources, err := readResources(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var served store
	if os.Args[1] == "linear" {
		served = newLinear(resources)
	} else if served, err = newSnapshots(resources); err != nil {
		log.Fatal(err)
	}
	seen := newWatcher()
	port, err := listen(served.cache(), seen)
	if err != nil {
		log.Fatal(err)
	}
	answer(map[string]any{"port": port})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var wanted command
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			log.Fatal(err)
		}
		said, err := follow(wanted, served, seen)
		if err != nil {
			log.Fatal(err)
		}
		answer(said)
	}
}

func follow(wanted command, served store, seen *watcher) (map[string]any, error) {
	switch wanted.Do {
	case "change":
		confirmed := seen.next()
		acceptedAt := now()
		if err := served.change(wanted.Service, wanted.Endpoint, wanted.Out); err != nil {
			return nil, err
		}
		if !wanted.Wait {
			return map[string]any{"acceptedAt": acceptedAt}, nil
		}
		return map[string]any{"acceptedAt": acceptedAt, "provenMs": <-confirmed - acceptedAt}, nil
	case "first":
		return map[string]any{"ms": <-seen.first()}, nil
	case "usage":
		return usage()
	}
	return nil, fmt.Errorf("unknown command %q", wanted.Do)
}

func listen(served cache.Cache, seen *watcher) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := grpc.NewServer(grpc.MaxConcurrentStreams(1_000))
	discovery.RegisterAggregatedDiscoveryServiceServer(server, xdsServer(served, seen))
	go func() { log.Fatal(server.Serve(listener)) }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func xdsServer(served cache.Cache, seen *watcher) server.Server {
	return server.NewServer(context.Background(), served, server.CallbackFuncs{
		DeltaStreamOpenFunc:     seen.opened,
		DeltaStreamClosedFunc:   seen.closed,
		StreamDeltaRequestFunc:  seen.requested,
		StreamDeltaResponseFunc: seen.responded,
	})
}

func usage() (map[string]any, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return nil, err
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil, err
	}
	var all, resident int64
	if _, err := fmt.Sscan(string(statm), &all, &resident); err != nil {
		return nil, err
	}
	milliseconds := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e3 + float64(t.Usec)/1e3 }
	return map[string]any{
		"cpuMs":      milliseconds(used.Utime) + milliseconds(used.Stime),
		"residentMb": float64(resident) * float64(os.Getpagesize()) / 1e6,
	}, nil
}

// now is in milliseconds of the machine's steady clock, which its processes share.
func now() float64 {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		log.Fatal(err)
	}
	return float64(at.Sec)*1e3 + float64(at.Nsec)/1e6
}

func answer(said map[string]any) {
	text, err := json.Marshal(said)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}

func numbered(n int) string { return strconv.Itoa(n) }
