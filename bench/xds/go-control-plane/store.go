package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/proto"
)

const gateway = "edge"

// By type, in the order of the file.
type resources map[resource.Type][]types.Resource

// A store is one way of go-control-plane to hold what it serves.
type store interface {
	cache() cache.Cache
	change(service string, index int, out bool) error
}

// readResources reads what Heddle wrote: for each resource one byte of its kind, four of its length (big endian), its encoded message.
func readResources(path string) (resources, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read := resources{}
	for reader := bytes.NewReader(content); reader.Len() > 0; {
		kind, err := reader.ReadByte()
		if err != nil {
			return nil, err
		}
		var size uint32
		if err := binary.Read(reader, binary.BigEndian, &size); err != nil {
			return nil, err
		}
		encoded := make([]byte, size)
		if _, err := io.ReadFull(reader, encoded); err != nil {
			return nil, err
		}
		typeURL, message, err := empty(kind)
		if err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(encoded, message); err != nil {
			return nil, err
		}
		read[typeURL] = append(read[typeURL], message)
	}
	return read, nil
}

func empty(kind byte) (resource.Type, types.Resource, error) {
	switch kind {
	case 0:
		return resource.ClusterType, &cluster.Cluster{}, nil
	case 1:
		return resource.EndpointType, &endpoint.ClusterLoadAssignment{}, nil
	case 2:
		return resource.ListenerType, &listener.Listener{}, nil
	case 3:
		return resource.RouteType, &route.RouteConfiguration{}, nil
	}
	return "", nil, fmt.Errorf("unknown kind %d", kind)
}

// without is the load assignment with or without one of its endpoints. What is the same is shared.
func without(whole *endpoint.ClusterLoadAssignment, index int, out bool) *endpoint.ClusterLoadAssignment {
	if !out {
		return whole
	}
	first := whole.GetEndpoints()[0]
	all := first.GetLbEndpoints()
	left := make([]*endpoint.LbEndpoint, 0, len(all))
	left = append(append(left, all[:index]...), all[index+1:]...)
	return &endpoint.ClusterLoadAssignment{
		ClusterName: whole.GetClusterName(),
		Endpoints: []*endpoint.LocalityLbEndpoints{{
			Locality:    first.GetLocality(),
			LbEndpoints: left,
			Priority:    first.GetPriority(),
		}},
	}
}

func assignments(all resources) map[string]*endpoint.ClusterLoadAssignment {
	byName := map[string]*endpoint.ClusterLoadAssignment{}
	for _, each := range all[resource.EndpointType] {
		assignment := each.(*endpoint.ClusterLoadAssignment)
		byName[assignment.GetClusterName()] = assignment
	}
	return byName
}

// snapshots holds everything of a gateway as one whole, as go-control-plane's own example does.
type snapshots struct {
	held    cache.SnapshotCache
	all     resources
	whole   map[string]*endpoint.ClusterLoadAssignment
	places  map[string]int
	version int
}

func newSnapshots(all resources) (*snapshots, error) {
	held := &snapshots{
		held: cache.NewSnapshotCache(true, group{}, nil), all: all, whole: assignments(all), places: map[string]int{},
	}
	for place, each := range all[resource.EndpointType] {
		held.places[each.(*endpoint.ClusterLoadAssignment).GetClusterName()] = place
	}
	return held, held.set()
}

func (held *snapshots) cache() cache.Cache { return held.held }

func (held *snapshots) change(service string, index int, out bool) error {
	held.all[resource.EndpointType][held.places[service]] = without(held.whole[service], index, out)
	return held.set()
}

func (held *snapshots) set() error {
	held.version++
	snapshot, err := cache.NewSnapshot(numbered(held.version), held.all)
	if err != nil {
		return err
	}
	return held.held.SetSnapshot(context.Background(), gateway, snapshot)
}

// linear holds each kind in a linear cache of its own, all behind one mux.
type linear struct {
	mux       cache.MuxCache
	endpoints *cache.LinearCache
	whole     map[string]*endpoint.ClusterLoadAssignment
}

func newLinear(all resources) *linear {
	held := &linear{whole: assignments(all), mux: cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        map[string]cache.Cache{},
	}}
	for typeURL, each := range all {
		named := map[string]types.Resource{}
		for _, one := range each {
			named[cache.GetResourceName(one)] = one
		}
		of := cache.NewLinearCache(typeURL, cache.WithInitialResources(named))
		held.mux.Caches[typeURL] = of
		if typeURL == resource.EndpointType {
			held.endpoints = of
		}
	}
	return held
}

func (held *linear) cache() cache.Cache { return &held.mux }

func (held *linear) change(service string, index int, out bool) error {
	return held.endpoints.UpdateResource(service, without(held.whole[service], index, out))
}
