// client_load: --mode coroutines|locks|once|watch --endpoints A,B,C; see load.h.
#include <gflags/gflags.h>

#include <iostream>
#include <sstream>

#include "tests/client/load.h"

DEFINE_string(mode, "", "coroutines, locks, once or watch");
DEFINE_string(endpoints, "", "of the cluster, with commas between");
DEFINE_uint64(count, 1000,
              "operations of `coroutines` if --seconds is 0, puts of `once`, changes of `watch`");
DEFINE_uint64(seconds, 10, "how long `coroutines` and `locks` run");
DEFINE_uint64(in_flight, 64, "coroutines, or puts at once");
DEFINE_uint64(seed, 1, "of the faults");

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  keel::client::LoadOptions options{.count = FLAGS_count,
                                    .seconds = FLAGS_seconds,
                                    .in_flight = FLAGS_in_flight,
                                    .seed = FLAGS_seed};
  std::stringstream text(FLAGS_endpoints);
  for (std::string each; std::getline(text, each, ',');) options.endpoints.push_back(each);
  bool kept = false;
  if (FLAGS_mode == "coroutines") {
    kept = keel::client::LoadCoroutines(options);
  } else if (FLAGS_mode == "once") {
    kept = keel::client::LoadOnce(options);
  } else if (FLAGS_mode == "watch") {
    kept = keel::client::LoadWatch(options);
  } else if (FLAGS_mode == "locks") {
    kept = keel::client::LoadLocks(options);
  } else {
    std::cerr << "--mode is coroutines, locks, once or watch\n";
  }
  std::cout << (kept ? "kept" : "BROKEN") << std::endl;
  return kept ? 0 : 1;
}
