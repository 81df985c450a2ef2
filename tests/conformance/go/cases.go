package main

import (
	"context"
	"fmt"
	"io"
	"io/ioutil"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
	"go.etcd.io/etcd/etcdserver/api/v3rpc/rpctypes"
)

var cases = []testCase{
	{"puts, gets and deletes with their options", keyValue},
	{"ranges sort, page and count", ranges},
	{"errors are the ones that the client knows", knownErrors},
	{"transactions nest and compare", transactions},
	{"headers carry the ids, the term and the revision", headers},
	{"watches see every event once, in order", watches},
	{"watches from the past, with previous values and filters", watchOptions},
	{"a watch from a compacted revision is told where to go on", watchCompacted},
	{"a watch reports its progress", watchProgress},
	{"large transactions come in fragments", watchFragments},
	{"leases are kept alive, measured and end", leases},
	{"locks exclude", locks},
	{"elections have one leader at a time", elections},
	{"counters add up through every member", counters},
	{"the state is described and saved", maintenance},
	{"members are listed, and learners come and go", members},
	{"a watch goes on through the leader's death", leaderDeath},
}

func keyValue(w *world) {
	put, err := w.client.Put(soon(), "go/a", "1")
	check(err)
	got, err := w.client.Get(soon(), "go/a")
	check(err)
	want(len(got.Kvs) == 1 && string(got.Kvs[0].Value) == "1", "got %v", got)
	want(got.Kvs[0].ModRevision == put.Header.Revision, "mod revision %v", got)
	again, err := w.client.Put(soon(), "go/a", "2", clientv3.WithPrevKV())
	check(err)
	want(string(again.PrevKv.Value) == "1", "previous %v", again)
	want(again.Header.Revision == put.Header.Revision+1, "revision %v", again)
	old, err := w.client.Get(soon(), "go/a", clientv3.WithRev(put.Header.Revision))
	check(err)
	want(string(old.Kvs[0].Value) == "1", "old %v", old)
	want(old.Header.Revision >= again.Header.Revision, "an old read has the current revision: %v", old)
	gone, err := w.client.Delete(soon(), "go/a", clientv3.WithPrevKV())
	check(err)
	want(gone.Deleted == 1 && string(gone.PrevKvs[0].Value) == "2", "deleted %v", gone)
	none, err := w.client.Delete(soon(), "go/a")
	check(err)
	want(none.Deleted == 0 && none.Header.Revision == gone.Header.Revision, "deleting nothing: %v", none)
	big := strings.Repeat("x", 1<<20)
	_, err = w.client.Put(soon(), "go/big", big)
	check(err)
	got, err = w.client.Get(soon(), "go/big", clientv3.WithSerializable())
	check(err)
	got, err = w.client.Get(soon(), "go/big")
	check(err)
	want(string(got.Kvs[0].Value) == big, "a megabyte came back as %d bytes", len(got.Kvs[0].Value))
}

func ranges(w *world) {
	for i := 0; i < 50; i++ {
		_, err := w.client.Put(soon(), fmt.Sprintf("go-range/%02d", (i*7)%50), fmt.Sprint(i%10))
		check(err)
	}
	all, err := w.client.Get(soon(), "go-range/", clientv3.WithPrefix())
	check(err)
	want(len(all.Kvs) == 50 && all.Count == 50 && !all.More, "all: %d", len(all.Kvs))
	for i, kv := range all.Kvs {
		want(string(kv.Key) == fmt.Sprintf("go-range/%02d", i), "order: %s at %d", kv.Key, i)
	}
	page, err := w.client.Get(soon(), "go-range/", clientv3.WithPrefix(), clientv3.WithLimit(7))
	check(err)
	want(len(page.Kvs) == 7 && page.Count == 50 && page.More, "page: %v", page)
	newest, err := w.client.Get(soon(), "go-range/", clientv3.WithLastRev()...)
	check(err)
	want(string(newest.Kvs[0].Key) == "go-range/43", "newest: %s", newest.Kvs[0].Key)
	keys, err := w.client.Get(soon(), "go-range/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	check(err)
	want(len(keys.Kvs) == 50 && len(keys.Kvs[0].Value) == 0, "keys only: %v", keys.Kvs[0])
	count, err := w.client.Get(soon(), "go-range/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	check(err)
	want(count.Count == 50 && len(count.Kvs) == 0, "count only: %v", count)
	late, err := w.client.Get(soon(), "go-range/", clientv3.WithPrefix(),
		clientv3.WithMinModRev(all.Header.Revision-4))
	check(err)
	want(len(late.Kvs) == 5 && late.Count == 50, "filtered: %d of %d", len(late.Kvs), late.Count)
	from, err := w.client.Get(soon(), "go-range/48", clientv3.WithFromKey(), clientv3.WithLimit(2))
	check(err)
	want(len(from.Kvs) == 2 && string(from.Kvs[1].Key) == "go-range/49", "from key: %v", from)
}

func knownErrors(w *world) {
	expect := func(got, wanted error) { want(got == wanted, "got %v, want %v", got, wanted) }
	_, err := w.client.Put(soon(), "", "x")
	expect(err, rpctypes.ErrEmptyKey)
	_, err = w.client.Put(soon(), "go/e", "x", clientv3.WithLease(77))
	expect(err, rpctypes.ErrLeaseNotFound)
	_, err = w.client.Get(soon(), "go/e", clientv3.WithRev(1<<40))
	expect(err, rpctypes.ErrFutureRev)
	_, err = w.client.Put(soon(), "go/e-none", "", clientv3.WithIgnoreValue())
	expect(err, rpctypes.ErrKeyNotFound)
	_, err = w.client.Txn(soon()).Then(clientv3.OpPut("go/e", "1"), clientv3.OpPut("go/e", "2")).Commit()
	expect(err, rpctypes.ErrDuplicateKey)
	var many []clientv3.Op
	for i := 0; i < 129; i++ {
		many = append(many, clientv3.OpPut(fmt.Sprintf("go/e%d", i), "x"))
	}
	_, err = w.client.Txn(soon()).Then(many...).Commit()
	expect(err, rpctypes.ErrTooManyOps)
	_, err = w.client.Revoke(soon(), 77)
	expect(err, rpctypes.ErrLeaseNotFound)
	_, err = w.client.Grant(soon(), 9000000001)
	expect(err, rpctypes.ErrLeaseTTLTooLarge)
	_, err = w.client.Compact(soon(), 1<<40)
	expect(err, rpctypes.ErrFutureRev)
	_, err = w.client.Put(soon(), "go/e", strings.Repeat("x", 1600*1024))
	expect(err, rpctypes.ErrRequestTooLarge)
	_, err = w.client.MemberRemove(soon(), 12345)
	expect(err, rpctypes.ErrMemberNotFound)
}

func transactions(w *world) {
	_, err := w.client.Put(soon(), "go-txn/a", "5")
	check(err)
	inner := clientv3.OpTxn(
		[]clientv3.Cmp{clientv3.Compare(clientv3.Version("go-txn/a"), ">", 0)},
		[]clientv3.Op{clientv3.OpPut("go-txn/b", "inner"), clientv3.OpGet("go-txn/a")},
		[]clientv3.Op{clientv3.OpPut("go-txn/b", "wrong")})
	answer, err := w.client.Txn(soon()).
		If(clientv3.Compare(clientv3.Value("go-txn/a"), "=", "5"),
			clientv3.Compare(clientv3.CreateRevision("go-txn/none"), "=", 0),
			clientv3.Compare(clientv3.ModRevision("go-txn/a"), "!=", 0)).
		Then(inner, clientv3.OpPut("go-txn/a", "6"), clientv3.OpDelete("go-txn/none")).
		Else(clientv3.OpDelete("go-txn/a")).
		Commit()
	check(err)
	want(answer.Succeeded && len(answer.Responses) == 3, "answer %v", answer)
	nested := answer.Responses[0].GetResponseTxn()
	want(nested.Succeeded && len(nested.Responses) == 2, "nested %v", nested)
	want(string(nested.Responses[1].GetResponseRange().Kvs[0].Value) == "5", "read inside: %v", nested)
	all, err := w.client.Get(soon(), "go-txn/", clientv3.WithPrefix())
	check(err)
	want(len(all.Kvs) == 2 && all.Kvs[0].ModRevision == all.Kvs[1].ModRevision, "one revision: %v", all.Kvs)
	empty, err := w.client.Txn(soon()).If(clientv3.Compare(clientv3.Value("go-txn/none"), "=", "")).Commit()
	check(err)
	want(!empty.Succeeded, "the value of a missing key equals nothing")
}

func headers(w *world) {
	var cluster uint64
	ids := map[uint64]bool{}
	for _, url := range w.urls {
		client := connect(url)
		answer, err := client.Get(soon(), "go/header")
		check(err)
		h := answer.Header
		want(h.ClusterId != 0 && h.MemberId != 0 && h.RaftTerm > 0 && h.Revision > 0, "header %v", h)
		want(cluster == 0 || cluster == h.ClusterId, "two clusters")
		cluster = h.ClusterId
		ids[h.MemberId] = true
		check(client.Close())
	}
	want(len(ids) == len(w.urls), "ids %v", ids)
}

func leases(w *world) {
	lease, err := w.client.Grant(soon(), 2)
	check(err)
	_, err = w.client.Put(soon(), "go-leased", "x", clientv3.WithLease(lease.ID))
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	alive, err := w.client.KeepAlive(ctx, lease.ID)
	check(err)
	for began := time.Now(); time.Since(began) < 4*time.Second; {
		want((<-alive).TTL == 2, "kept alive")
	}
	left, err := w.client.TimeToLive(soon(), lease.ID, clientv3.WithAttachedKeys())
	check(err)
	want(left.GrantedTTL == 2 && left.TTL >= 0 && len(left.Keys) == 1, "time to live: %v", left)
	all, err := w.client.Leases(soon())
	check(err)
	want(len(all.Leases) >= 1, "leases: %v", all)
	cancel()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		got, err := w.client.Get(soon(), "go-leased")
		check(err)
		if len(got.Kvs) == 0 {
			break
		}
		want(time.Since(began) < 10*time.Second, "the lease never ended")
	}
	left, err = w.client.TimeToLive(soon(), lease.ID)
	check(err)
	want(left.TTL == -1, "time to live of an ended lease: %v", left)
	_, err = w.client.KeepAliveOnce(soon(), lease.ID)
	want(err == rpctypes.ErrLeaseNotFound, "keep alive of an ended lease: %v", err)
}

func locks(w *world) {
	var inside, overlaps, turns int32
	together(6, func(i int) {
		client := connect(w.urls[i%len(w.urls)])
		defer client.Close()
		session, err := concurrency.NewSession(client, concurrency.WithTTL(20))
		check(err)
		defer session.Close()
		mutex := concurrency.NewMutex(session, "go-lock/")
		for n := 0; n < 5; n++ {
			check(mutex.Lock(soon()))
			if atomic.AddInt32(&inside, 1) != 1 {
				atomic.AddInt32(&overlaps, 1)
			}
			atomic.AddInt32(&turns, 1)
			atomic.AddInt32(&inside, -1)
			check(mutex.Unlock(soon()))
		}
	})
	want(overlaps == 0 && turns == 30, "overlaps %d, turns %d", overlaps, turns)
}

func elections(w *world) {
	var session [2]*concurrency.Session
	var election [2]*concurrency.Election
	for i := range session {
		var err error
		session[i], err = concurrency.NewSession(w.client, concurrency.WithTTL(20))
		check(err)
		election[i] = concurrency.NewElection(session[i], "go-office")
	}
	check(election[0].Campaign(soon(), "alice"))
	won := make(chan error, 1)
	go func() { won <- election[1].Campaign(soon(), "bob") }()
	leader, err := election[1].Leader(soon())
	check(err)
	want(string(leader.Kvs[0].Value) == "alice", "leader %v", leader)
	check(election[0].Proclaim(soon(), "alice again"))
	check(election[0].Resign(soon()))
	check(<-won)
	leader, err = election[0].Leader(soon())
	check(err)
	want(string(leader.Kvs[0].Value) == "bob", "leader %v", leader)
	check(session[0].Close())
	check(session[1].Close())
}

func counters(w *world) {
	together(9, func(i int) {
		client := connect(w.urls[i%len(w.urls)])
		defer client.Close()
		for n := 0; n < 10; n++ {
			increment(soon(), client, "go-counter")
		}
	})
	got, err := w.client.Get(soon(), "go-counter")
	check(err)
	want(string(got.Kvs[0].Value) == "90", "counted %s", got.Kvs[0].Value)
}

func maintenance(w *world) {
	for _, url := range w.urls {
		status, err := w.client.Status(soon(), url)
		check(err)
		want(status.Leader != 0 && status.RaftIndex > 0 && status.DbSize > 0, "status %v", status)
		want(strings.HasPrefix(status.Version, "3."), "version %s", status.Version)
		_, err = w.client.Defragment(soon(), url)
		check(err)
		_, err = w.client.HashKV(soon(), url, 0)
		check(err)
	}
	alarms, err := w.client.AlarmList(soon())
	check(err)
	want(len(alarms.Alarms) == 0, "alarms %v", alarms)
	stream, err := w.client.Snapshot(soon())
	check(err)
	size, err := io.Copy(ioutil.Discard, stream)
	check(err)
	want(size%512 == 32, "a snapshot of %d bytes", size)
}

func members(w *world) {
	list, err := w.client.MemberList(soon())
	check(err)
	want(len(list.Members) == len(w.urls), "members %v", list.Members)
	added, err := w.client.MemberAddAsLearner(soon(), []string{"http://127.0.0.1:1"})
	check(err)
	want(added.Member.IsLearner && added.Member.ID != 0, "added %v", added)
	_, err = w.client.MemberPromote(soon(), added.Member.ID)
	want(err == rpctypes.ErrMemberLearnerNotReady, "promoted: %v", err)
	_, err = w.client.MemberUpdate(soon(), added.Member.ID, []string{"http://127.0.0.1:2"})
	check(err)
	list, err = w.client.MemberList(soon())
	check(err)
	want(len(list.Members) == len(w.urls)+1, "members %v", list.Members)
	removed, err := w.client.MemberRemove(soon(), added.Member.ID)
	check(err)
	want(len(removed.Members) == len(w.urls), "members %v", removed.Members)
}

func leaderDeath(w *world) {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(context.Background()))
	defer cancel()
	first, err := w.client.Put(soon(), "go-survive", "start")
	check(err)
	w.ask("kill-leader")
	const each = 50
	next := int64(first.Header.Revision + 1)
	written := 0
	for began := time.Now(); written < each; {
		_, err := w.client.Put(soon(), "go-survive", fmt.Sprint(written))
		if err == nil {
			written++
		} else {
			want(time.Since(began) < 30*time.Second, "no put since the leader died: %v", err)
		}
	}
	seen := 0
	for seen < each {
		events := w.client.Watch(ctx, "go-survive", clientv3.WithRev(next))
		for answer := range events {
			for _, event := range answer.Events {
				next = event.Kv.ModRevision + 1
				if string(event.Kv.Value) == fmt.Sprint(seen) {
					seen++
				}
			}
			if answer.Err() != nil || seen >= each {
				break
			}
		}
	}
	w.ask("restart")
}
