// keeld: one member of a cluster, from its flags to its end.
//
// Exit codes: 0 stopped as asked, 1 it could not start or go on, 2 the flags were not understood.
#include <glog/logging.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "api/version.h"
#include "base/mutant.h"
#include "server/async_log.h"
#include "server/file_limit.h"
#include "server/flags.h"
#include "server/inbox.h"
#include "server/member.h"
#include "server/node/quoted.h"

extern char** environ;

namespace keel::server {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

#ifdef KEEL_MUTANTS
// Of the build for the chaos tool alone: the bug that CHAOS_MUTANT names, before any thread.
bool PlantBug() {
  const char* name = std::getenv("CHAOS_MUTANT");
  if (name == nullptr) return true;
#define KEEL_PLANT(mutant, text) \
  if (std::string(name) == #mutant) mutants::active = mutants::Mutant::mutant;
  KEEL_MUTANT_LIST(KEEL_PLANT)
  KEEL_KV_MUTANT_LIST(KEEL_PLANT)
  KEEL_NODE_MUTANT_LIST(KEEL_PLANT)
  KEEL_WAL_MUTANT_LIST(KEEL_PLANT)
#undef KEEL_PLANT
  if (mutants::active != mutants::Mutant::kNone) return true;
  std::fprintf(stderr, "keeld: no mutant is called %s\n", name);
  return false;
}
#endif

CommandLine ReadCommandLine(int count, char** arguments) {
  CommandLine line;
  for (int i = 1; i < count; ++i) line.arguments.emplace_back(arguments[i]);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos)
      line.environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return line;
}

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Before any other thread, so that all of them leave signals to the one that waits for them.
void TakeSignals(Inbox* inbox) {
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = EndingSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([inbox, signals] {
    int number = 0;
    sigwait(&signals, &number);
    inbox->Put({Event::Kind::kSignal, {}});
    // Whoever asks twice does not want to wait.
    sigwait(&signals, &number);
    ::_exit(kExitFailed);
  }).detach();
}

// Nothing is lost where it cannot be raised: what there is bounds the connections.
void BoundConnections(Config* config) {
  const Result<FileLimit> limit = RaiseFileLimit();
  if (!limit.ok()) {
    LOG(WARNING) << "event=file_limit_unknown reason=" << node::Quoted(limit.status().message());
    return;
  }
  const uint64_t wanted = config->connections_max;
  config->connections_max = ConnectionsMax(limit->now, wanted);
  LOG(INFO) << "event=file_limit files=" << limit->now << " found=" << limit->found
            << " client_connections_max=" << config->connections_max;
  if (config->connections_max == wanted) return;
  LOG(WARNING) << "event=few_files reason=\"the limit of open files leaves fewer client "
                  "connections than "
               << wanted << ": raise it (LimitNOFILE, ulimit -Hn)\"";
}

int Run(Config config, Inbox* inbox) {
  LOG(INFO) << "event=starting version=" << KEEL_VERSION << " name=" << config.name
            << " data_dir=" << config.data_dir << " pid=" << ::getpid();
  for (const std::string& note : config.notes)
    LOG(WARNING) << "event=flag_note note=" << node::Quoted(note);
  if (config.insecure) {
    LOG(WARNING)
        << "event=insecure reason=\"whoever reaches the ports reads and writes everything\"";
  }
  BoundConnections(&config);
  Member member(config, inbox);
  Status ending = member.Start();
  if (ending.ok()) {
    LOG(INFO) << "event=started name=" << config.name;
    const Event event = inbox->Take();
    ending = event.status;
  } else if (ending.code() == Code::kCancelled) {
    ending = Status();
  }
  LOG(INFO) << "event=stopping name=" << config.name;
  const Status stopped = member.Stop();
  if (ending.ok()) ending = stopped;
  if (ending.ok()) {
    LOG(INFO) << "event=stopped name=" << config.name;
    return 0;
  }
  LOG(ERROR) << "event=failed code=" << CodeName(ending.code())
             << " reason=" << node::Quoted(ending.message());
  return kExitFailed;
}

// A directory that is made says itself who the members are.
Result<Parsed> ReadConfig(int count, char** arguments) {
  Result<Parsed> parsed = ParseConfig(ReadCommandLine(count, arguments));
  if (!parsed.ok() || parsed->wish != Wish::kRun) return parsed;
  std::error_code error;
  const bool is_made = std::filesystem::exists(parsed->config.data_dir + "/VERSION", error);
  if (!is_made && !parsed->config.initial_wrong.ok()) return parsed->config.initial_wrong;
  return parsed;
}

int Main(int count, char** arguments) {
  const Result<Parsed> parsed = ReadConfig(count, arguments);
  if (!parsed.ok()) {
    std::fprintf(stderr, "keeld: %s\n", std::string(parsed.status().message()).c_str());
    return kExitUsage;
  }
  if (parsed->wish == Wish::kHelp) {
    std::fputs(HelpText().c_str(), stdout);
    return 0;
  }
  if (parsed->wish == Wish::kVersion) {
    std::printf("keeld %s\nserves the API of etcd %s\n", KEEL_VERSION, kEtcdVersion.data());
    return 0;
  }
#ifdef KEEL_MUTANTS
  if (!PlantBug()) return kExitUsage;
#endif
  // Never destroyed: the thread that waits for signals ends with the process, and no sooner.
  static Inbox* const inbox = new Inbox;
  TakeSignals(inbox);
  const AsyncLog log("keeld", parsed->config.log_level);
  return Run(parsed->config, inbox);
}

}  // namespace
}  // namespace keel::server

int main(int count, char** arguments) { return keel::server::Main(count, arguments); }
