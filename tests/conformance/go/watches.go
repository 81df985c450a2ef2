package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/etcdserver/api/v3rpc/rpctypes"
)

func watches(w *world) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const keys, each = 10, 100
	events := w.client.Watch(ctx, "go-watch/", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	created := <-events
	want(created.Created, "created first: %v", created)
	together(keys, func(i int) {
		for n := 0; n < each; n++ {
			_, err := w.client.Put(soon(), fmt.Sprintf("go-watch/%d", i), fmt.Sprint(n))
			check(err)
		}
	})
	seen := map[string]int{}
	var last int64
	for total := 0; total < keys*each; {
		for _, event := range (<-events).Events {
			want(event.Kv.ModRevision > last, "revision %d after %d", event.Kv.ModRevision, last)
			last = event.Kv.ModRevision
			want(string(event.Kv.Value) == fmt.Sprint(seen[string(event.Kv.Key)]), "gap: %v", event)
			seen[string(event.Kv.Key)]++
			total++
		}
	}
}

func watchOptions(w *world) {
	first, err := w.client.Put(soon(), "go-past", "0")
	check(err)
	for i := 1; i < 5; i++ {
		_, err = w.client.Put(soon(), "go-past", fmt.Sprint(i))
		check(err)
	}
	_, err = w.client.Delete(soon(), "go-past")
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	next := collect(w.client.Watch(ctx, "go-past", clientv3.WithRev(first.Header.Revision), clientv3.WithPrevKV()))
	for i := 0; i < 5; i++ {
		event := next()
		want(event.IsCreate() == (i == 0), "create: %v", event)
		want(i == 0 || string(event.PrevKv.Value) == fmt.Sprint(i-1), "previous: %v", event)
	}
	event := next()
	want(event.Type == clientv3.EventTypeDelete && string(event.PrevKv.Value) == "4", "delete: %v", event)
	next = collect(w.client.Watch(ctx, "go-past", clientv3.WithRev(first.Header.Revision), clientv3.WithFilterPut()))
	want(next().Type == clientv3.EventTypeDelete, "puts were to be filtered")
}

func collect(events clientv3.WatchChan) func() *clientv3.Event {
	var waiting []*clientv3.Event
	return func() *clientv3.Event {
		for len(waiting) == 0 {
			waiting = (<-events).Events
		}
		event := waiting[0]
		waiting = waiting[1:]
		return event
	}
}

func watchCompacted(w *world) {
	first, err := w.client.Put(soon(), "go-compact", "0")
	check(err)
	last, err := w.client.Put(soon(), "go-compact", "1")
	check(err)
	_, err = w.client.Compact(soon(), last.Header.Revision, clientv3.WithCompactPhysical())
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answer := <-w.client.Watch(ctx, "go-compact", clientv3.WithRev(first.Header.Revision))
	want(answer.CompactRevision == last.Header.Revision, "compact revision: %v", answer)
	want(answer.Err() == rpctypes.ErrCompacted, "error: %v", answer.Err())
	_, err = w.client.Get(soon(), "go-compact", clientv3.WithRev(first.Header.Revision))
	want(err == rpctypes.ErrCompacted, "get: %v", err)
}

func watchProgress(w *world) {
	client := connect(w.urls[0])
	defer client.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events := client.Watch(ctx, "go-progress", clientv3.WithCreatedNotify())
	want((<-events).Created, "created")
	put, err := client.Put(soon(), "go-elsewhere", "x")
	check(err)
	for tries := 0; ; tries++ {
		check(client.RequestProgress(ctx))
		answer := <-events
		want(answer.IsProgressNotify(), "progress: %v", answer)
		if answer.Header.Revision >= put.Header.Revision {
			return
		}
		want(tries < 100, "progress stays at %d", answer.Header.Revision)
		time.Sleep(50 * time.Millisecond)
	}
}

func watchFragments(w *world) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before, err := w.client.Get(soon(), "go-fragment")
	check(err)
	for i := 0; i < 4; i++ {
		var ops []clientv3.Op
		for n := 0; n < 10; n++ {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("go-fragment/%d-%d", i, n), strings.Repeat("x", 100_000)))
		}
		_, err := w.client.Txn(soon()).Then(ops...).Commit()
		check(err)
	}
	next := collect(w.client.Watch(ctx, "go-fragment/", clientv3.WithPrefix(), clientv3.WithFragment(),
		clientv3.WithRev(before.Header.Revision)))
	for i := 0; i < 40; i++ {
		want(len(next().Kv.Value) == 100_000, "event %d", i)
	}
}
