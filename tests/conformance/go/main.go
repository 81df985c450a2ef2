// The official Go client against a cluster whose client URLs are the arguments.
//
// Prints a line for each case and closes with `cases: passed=N failed=N`. A line `kill-leader` asks whoever
// started it to kill the leader, and `restart` to start it again; each is answered by a line.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
	"google.golang.org/grpc"
)

type world struct {
	client *clientv3.Client
	urls   []string
	input  *bufio.Scanner
}

func (w *world) ask(what string) {
	fmt.Println(what)
	w.input.Scan()
}

func soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	time.AfterFunc(21*time.Second, cancel)
	return ctx
}

func connect(urls ...string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   urls,
		DialTimeout: 5 * time.Second,
		DialOptions: []grpc.DialOption{grpc.WithBlock()},
	})
	check(err)
	return client
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func want(condition bool, format string, arguments ...interface{}) {
	if !condition {
		panic(fmt.Errorf(format, arguments...))
	}
}

func main() {
	w := &world{urls: os.Args[1:], input: bufio.NewScanner(os.Stdin)}
	w.client = connect(w.urls...)
	passed, failed := 0, 0
	for _, each := range cases {
		began := time.Now()
		if err := run(each, w); err != nil {
			failed++
			fmt.Printf("FAILED  %s: %v\n", each.name, err)
		} else {
			passed++
			fmt.Printf("ok %6.2f s  %s\n", time.Since(began).Seconds(), each.name)
		}
	}
	fmt.Printf("cases: passed=%d failed=%d\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

type testCase struct {
	name string
	run  func(w *world)
}

func run(each testCase, w *world) (err error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if caught := recover(); caught != nil {
				done <- fmt.Errorf("%v", caught)
				return
			}
			done <- nil
		}()
		each.run(w)
	}()
	select {
	case err = <-done:
	case <-time.After(90 * time.Second):
		err = errors.New("took longer than 90 s")
	}
	return err
}

// A counter that several increase, each by a transaction of its own.
func increment(ctx context.Context, client *clientv3.Client, key string) {
	_, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
		var value int
		fmt.Sscan(stm.Get(key), &value)
		stm.Put(key, fmt.Sprint(value+1))
		return nil
	}, concurrency.WithAbortContext(ctx))
	check(err)
}

func together(count int, work func(i int)) {
	var group sync.WaitGroup
	failures := make(chan interface{}, count)
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			defer func() {
				if caught := recover(); caught != nil {
					failures <- caught
				}
			}()
			work(i)
		}(i)
	}
	group.Wait()
	select {
	case caught := <-failures:
		panic(caught)
	default:
	}
}
