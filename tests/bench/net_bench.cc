// What a call costs, without sockets and with them: google-benchmark over the sessions and over
// loopback. Load from another process (h2load) is tests/bench/net_h2load.sh.
#include <benchmark/benchmark.h>

#include <string>

#include "net/asio_channel.h"
#include "net/grpc_client_session.h"
#include "net/grpc_server_session.h"
#include "net/server.h"
#include "net/system_clock.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

// A client's and a server's session, joined in memory: what the protocol itself costs both of them.
void BM_SessionsUnary(benchmark::State& state) {
  TestServiceLog log;
  MethodTable table;
  AddTestService(&table, &log);
  CallRegistry registry;
  CountingHost host;
  GrpcServerSession server({}, {&table, &registry, &host, ""}, 1);
  GrpcClientSession client({}, &host, 1);
  Wire wire(&client, &server);
  const Payload request = Payload::Of(std::string(static_cast<size_t>(state.range(1)), 'q'));
  for (auto _ : state) {
    std::vector<CallLog> logs(static_cast<size_t>(state.range(0)));
    for (CallLog& call : logs) {
      std::unique_ptr<CallObserver> observer = Observe(&call);
      const auto stream =
          client.Start({.options = {.path = "/keel.test.Echo/Unary"}}, &observer, wire.now_us);
      (void)client.Write(*stream, request);
      client.CloseWrites(*stream);
    }
    wire.Pump();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SessionsUnary)->Args({1, 32})->Args({64, 32})->Args({64, 4096});

// One stream that the server fills: watch-like pushes, as fast as flow control lets them.
void BM_SessionsPush(benchmark::State& state) {
  TestServiceLog log;
  MethodTable table;
  AddTestService(&table, &log);
  CallRegistry registry;
  CountingHost host;
  GrpcServerSession server({}, {&table, &registry, &host, ""}, 1);
  GrpcClientSession client({}, &host, 1);
  Wire wire(&client, &server);
  for (auto _ : state) {
    CallLog call;
    std::unique_ptr<CallObserver> observer = Observe(&call);
    const auto stream =
        client.Start({.options = {.path = "/keel.test.Echo/Count"}}, &observer, wire.now_us);
    (void)client.Write(*stream, Payload::Of("10000 100"));
    client.CloseWrites(*stream);
    wire.Pump();
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(BM_SessionsPush);

// Client and server on one thread, over loopback.
void BM_LoopbackUnary(benchmark::State& state) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  TestServiceLog log;
  MethodTable table;
  HttpTable pages;
  AddTestService(&table, &log);
  auto server = Server::Start(&executor, {}, {&table, &pages});
  AsioChannel channel(&executor, {.address = (*server)->address()});
  const Payload request = Payload::Of(std::string(32, 'q'));
  for (auto _ : state) {
    int64_t done = 0;
    for (int64_t i = 0; i < state.range(0); ++i) {
      CallUnary(&channel, {.path = "/keel.test.Echo/Unary"}, request,
                [&done](const UnaryResult&) { ++done; });
    }
    while (done < state.range(0)) executor.RunReady();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LoopbackUnary)->Arg(1)->Arg(64);

}  // namespace
}  // namespace keel::net

BENCHMARK_MAIN();
