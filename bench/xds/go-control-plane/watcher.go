package main

import (
	"context"
	"sync"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
)

// What one Envoy has been sent and has not confirmed, and when it first spoke.
type progress struct {
	since      float64
	unanswered map[string]string
	taken      map[string]bool
	toldFirst  bool
}

// A watcher sees when Envoys confirm what they were sent.
type watcher struct {
	mutex   sync.Mutex
	streams map[int64]*progress
	waiting chan float64
	firsts  chan float64
}

func newWatcher() *watcher {
	return &watcher{streams: map[int64]*progress{}, firsts: make(chan float64, 4096)}
}

// next receives when the next endpoints are confirmed, by any Envoy.
func (seen *watcher) next() <-chan float64 {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	seen.waiting = make(chan float64, 1)
	return seen.waiting
}

// first receives how long an Envoy took from its first word until it had confirmed one answer of each kind and nothing was unanswered.
func (seen *watcher) first() <-chan float64 { return seen.firsts }

func (seen *watcher) opened(_ context.Context, stream int64, _ string) error {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	seen.streams[stream] = &progress{unanswered: map[string]string{}, taken: map[string]bool{}}
	return nil
}

func (seen *watcher) closed(stream int64, _ *core.Node) {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	delete(seen.streams, stream)
}

func (seen *watcher) responded(stream int64, _ *discovery.DeltaDiscoveryRequest, response *discovery.DeltaDiscoveryResponse) {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	if of := seen.streams[stream]; of != nil {
		of.unanswered[response.GetNonce()] = response.GetTypeUrl()
	}
}

func (seen *watcher) requested(stream int64, request *discovery.DeltaDiscoveryRequest) error {
	at := now()
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	of := seen.streams[stream]
	if of == nil {
		return nil
	}
	if of.since == 0 {
		of.since = at
	}
	typeURL, known := of.unanswered[request.GetResponseNonce()]
	if !known || request.GetErrorDetail() != nil {
		return nil
	}
	delete(of.unanswered, request.GetResponseNonce())
	of.taken[typeURL] = true
	if typeURL == resource.EndpointType && seen.waiting != nil {
		seen.waiting <- at
		seen.waiting = nil
	}
	if len(of.taken) == 4 && len(of.unanswered) == 0 && !of.toldFirst {
		of.toldFirst = true
		select {
		case seen.firsts <- at - of.since:
		default:
		}
	}
	return nil
}
