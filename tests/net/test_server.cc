// A server of the test service, health and reflection on 127.0.0.1, for clients in other languages
// and for load.
//
//   net_test_server [port]
//
// Prints its port on a line of its own, and drains and ends when its standard input ends.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "net/server.h"
#include "net/services/health_service.h"
#include "net/services/reflection_service.h"
#include "net/system_clock.h"
#include "tests/net/test_service.h"

int main(int argc, char** argv) {
  using namespace keel;
  using namespace keel::net;
  const SystemClock clock;
  AsioExecutor executor(&clock);
  TestServiceLog log;
  MethodTable methods;
  HttpTable pages;
  AddTestService(&methods, &log);
  AddTestPages(&pages);
  HealthService health;
  health.Set("", true);
  health.AddTo(&methods);
  AddReflection(&methods);
  ServerOptions options;
  if (argc > 1) options.address.port = static_cast<uint16_t>(std::atoi(argv[1]));
  auto server = Server::Start(&executor, std::move(options), {&methods, &pages});
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 1;
  }
  std::printf("%u\n", static_cast<unsigned>((*server)->address().port));
  std::fflush(stdout);
  std::jthread watcher([&] {
    while (std::getchar() != EOF) {
    }
    executor.Post([&] { (*server)->Drain(2'000'000, [&] { executor.Stop(); }); });
  });
  executor.Run();
  return 0;
}
