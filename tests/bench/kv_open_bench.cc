// How long a store takes from opening to its first read, and what it keeps in memory, by the number
// of its keys.
//
// kv-open-bench DIRECTORY KEYS... : for each number a process fills a store with keys of 256-byte
// values in no order, overwrites and reads some of them, tells its resident memory, and stops; a
// second process opens what it left. Once the first one stops cleanly, once it is killed with a
// full log. Each measure has a process of its own, so that no memory is inherited. What the stores
// took on the disk is removed at the end.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/bench/kv_bench_data.h"

namespace keel::kv {
namespace {

// Runs `body` in a child process; it must end as `signal` says, or with 0.
void InChild(int signal, const std::function<void()>& body) {
  (void)std::fflush(stdout);
  const pid_t child = fork();
  KEEL_CHECK(child >= 0);
  if (child == 0) {
    body();
    (void)std::fflush(stdout);
    if (signal != 0) (void)kill(getpid(), signal);
    _exit(0);
  }
  int status = 0;
  KEEL_CHECK(waitpid(child, &status, 0) == child);
  KEEL_CHECK(signal == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                         : WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

void Fill(const std::string& directory, uint64_t keys, bool killed) {
  PosixFileSystem files;
  Prng prng(keys);
  PutQueue puts;
  auto engine = OpenBenchEngine(&files, directory);
  auto store = OpenBenchStore({.engine = engine.get()});
  for (uint64_t i = 0; i < keys; i += kBenchBatch) {
    for (uint64_t j = i; j < i + kBenchBatch; ++j) puts.Add(j * 7919 % keys, &prng);
    puts.Apply(store.get());
  }
  for (int batch = 0; batch < 500; ++batch) {
    for (uint64_t i = 0; i < kBenchBatch; ++i) puts.Add(prng.Below(keys), &prng);
    puts.Apply(store.get());
    for (uint64_t i = 0; i < kBenchBatch; ++i) {
      const auto range =
          store->view()->Range({.keys = {.begin = BenchKey(prng.Below(keys)), .end = {}}});
      KEEL_CHECK(range.ok() && range->count == 1);
    }
  }
  std::printf("%9llu keys, %s: %6.1f MiB resident under load;",
              static_cast<unsigned long long>(keys), killed ? "killed " : "stopped", ResidentMiB());
  if (killed) {
    (void)std::fflush(stdout);
    (void)kill(getpid(), SIGKILL);
  }
}

void OpenAndRead(const std::string& directory) {
  const auto start = std::chrono::steady_clock::now();
  PosixFileSystem files;
  auto engine = OpenBenchEngine(&files, directory);
  auto store = OpenBenchStore({.engine = engine.get()});
  const auto range = store->view()->Range({.keys = {.begin = BenchKey(7), .end = {}}});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  KEEL_CHECK(range.ok() && range->count == 1);
  timespec cpu{};
  KEEL_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0);
  std::printf(" opening to first read %7.1f ms (%.1f ms of CPU), %5.1f MiB resident\n",
              took.count(),
              static_cast<double>(cpu.tv_sec) * 1e3 + static_cast<double>(cpu.tv_nsec) * 1e-6,
              ResidentMiB());
}

void Measure(const std::string& directory, uint64_t keys, bool killed) {
  std::filesystem::remove_all(directory);
  InChild(killed ? SIGKILL : 0, [&] { Fill(directory, keys, killed); });
  InChild(0, [&] { OpenAndRead(directory); });
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace keel::kv

int main(int argc, char** argv) {
  if (argc < 3) {
    (void)std::fprintf(stderr, "usage: kv-open-bench DIRECTORY KEYS...\n");
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    const uint64_t keys = std::strtoull(argv[i], nullptr, 10);
    if (keys == 0 || keys % keel::kv::kBenchBatch != 0) {
      (void)std::fprintf(stderr, "KEYS must be a multiple of %llu, not %s\n",
                         static_cast<unsigned long long>(keel::kv::kBenchBatch), argv[i]);
      return 1;
    }
    for (const bool killed : {false, true}) {
      keel::kv::Measure(std::string(argv[1]) + "/kv-open-bench", keys, killed);
    }
  }
  return 0;
}
