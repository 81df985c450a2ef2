// watch: a key or a range, events as they come; interactively any number of them; or a program run
// for each event.
#include <atomic>
#include <chrono>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/program.h"
#include "tools/keelctl/calls/watcher.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

struct Wish {
  pb::WatchCreateRequest request;
  std::vector<std::string> program;  // to run for each event; may be empty
};

// A variable of keelctl's, or etcdctl's of the same name.
std::string VariableOf(const Context& context, const std::string& name) {
  const std::string own = context.Variable("KEELCTL_" + name);
  return own.empty() ? context.Variable("ETCDCTL_" + name) : own;
}

Result<Wish> WishOf(const Context& context, const FlagValues& flags, const Arguments& arguments) {
  const std::string key = VariableOf(context, "WATCH_KEY");
  const std::string end = VariableOf(context, "WATCH_RANGE_END");
  if (key.empty() && !end.empty()) {
    return InvalidArgument("ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=" +
                           Quote(end));
  }
  const auto split = arguments.words.begin() + static_cast<std::ptrdiff_t>(arguments.before_dashes);
  std::vector<std::string> words(arguments.words.begin(), split);
  Wish wish;
  wish.program.assign(split, arguments.words.end());
  if (arguments.has_dashes && wish.program.empty()) {
    return InvalidArgument("bad number of arguments (found separator --, but no commands)");
  }
  if (!key.empty()) {
    if (!words.empty()) {
      return InvalidArgument("bad number of arguments (found conflicting environment key)");
    }
    words.push_back(key);
    if (!end.empty()) words.push_back(end);
  }
  if (words.empty() || words.size() > 2) return InvalidArgument("bad number of arguments");
  const bool prefix = flags.Switch("prefix");
  if (words.size() == 2 && prefix) {
    return InvalidArgument("`range_end` and `--prefix` are mutually exclusive");
  }
  wish.request.set_key(words[0]);
  if (words.size() == 2) wish.request.set_range_end(words[1]);
  if (prefix) wish.request.set_range_end(PrefixEnd(words[0]));
  if (words[0].empty()) wish.request.set_key(std::string(1, '\0'));
  wish.request.set_start_revision(flags.Integer("rev"));
  wish.request.set_prev_kv(flags.Switch("prev-kv"));
  wish.request.set_progress_notify(flags.Switch("progress-notify"));
  return wish;
}

std::string WordsFor(const pb::WatchResponse& answer) {
  if (answer.compact_revision() != 0) {
    return "etcdserver: mvcc: required revision has been compacted";
  }
  if (!answer.cancel_reason().empty()) return answer.cancel_reason();
  return "etcdserver: mvcc: required revision is a future revision";
}

// The watches of one command, and what is done with what they tell.
class Watches {
 public:
  explicit Watches(Context* context) : context_(*context), watcher_(&context->calls()) {}

  void Add(Wish wish) {
    const std::lock_guard lock(mutex_);
    const int64_t number = watcher_.Add(std::move(wish.request));
    programs_[number] = std::move(wish.program);
  }
  void Progress() { watcher_.Progress(); }

  // From another thread: Show returns soon.
  void Stop() { stopped_ = true; }

  // Shows what comes until all watches have ended, or, if more of them may be added, until Stop.
  ExitCode Show(bool more_may_be_added) {
    pb::WatchResponse answer;
    while (!stopped_ && (more_may_be_added || watcher_.size() > 0)) {
      if (watcher_.size() == 0) {
        if (interrupt::Asked()) return ExitCode::kInterrupted;
        std::this_thread::sleep_for(std::chrono::microseconds(kLookUs));
        continue;
      }
      switch (watcher_.Next(&answer, kLookUs)) {
        case Watcher::Outcome::kTimeout:
          continue;
        case Watcher::Outcome::kInterrupted:
          return ExitCode::kInterrupted;
        case Watcher::Outcome::kFailed:
          return context_.Fail(watcher_.failure());
        case Watcher::Outcome::kAnswer:
          break;
      }
      if (const ExitCode code = ShowOne(answer); code != ExitCode::kSuccess) return code;
    }
    if (stopped_) return ExitCode::kSuccess;
    return context_.Fail(ExitCode::kInterrupted, "watch is canceled by the server");
  }

 private:
  static constexpr uint64_t kLookUs = 50'000;

  ExitCode ShowOne(const pb::WatchResponse& answer) {
    if (answer.canceled()) {
      context_.terminal().Note("watch was canceled (" + WordsFor(answer) + ")");
    }
    const bool progress = answer.events().empty() && !answer.canceled();
    if (progress) {
      // An answer to all of them is told once for each, as etcdctl does.
      const size_t times = answer.watch_id() == -1 ? watcher_.size() : 1;
      for (size_t i = 0; i < times; ++i) {
        context_.Out("progress notify: " + std::to_string(answer.header().revision()) + "\n");
        if (const auto code = context_.Print(PrintWatch(context_.style(), answer));
            code != ExitCode::kSuccess) {
          return code;
        }
      }
      return ExitCode::kSuccess;
    }
    if (const auto code = context_.Print(PrintWatch(context_.style(), answer));
        code != ExitCode::kSuccess) {
      return code;
    }
    return RunPrograms(answer);
  }

  ExitCode RunPrograms(const pb::WatchResponse& answer) {
    std::vector<std::string> program;
    {
      const std::lock_guard lock(mutex_);
      program = programs_[answer.watch_id()];
    }
    if (program.empty()) return ExitCode::kSuccess;
    for (const mvccpb::Event& event : answer.events()) {
      const bool put = event.type() == mvccpb::Event::PUT;
      const auto ended = RunProgram(
          program, {"ETCD_WATCH_REVISION=" + std::to_string(answer.header().revision()),
                    std::string("ETCD_WATCH_EVENT_TYPE=") + (put ? "\"PUT\"" : "\"DELETE\""),
                    "ETCD_WATCH_KEY=" + Quote(event.kv().key()),
                    "ETCD_WATCH_VALUE=" + Quote(event.kv().value())});
      if (ended.ok() && *ended == 0) continue;
      const std::string why = ended.ok() ? "exit status " + std::to_string(*ended)
                                         : std::string(ended.status().message());
      std::vector<std::string> quoted;
      for (const std::string& word : program) quoted.push_back(Quote(word));
      context_.terminal().Note("command [" + Join(quoted, " ") + "] error (" + why + ")");
      return ExitCode::kError;
    }
    return ExitCode::kSuccess;
  }

  Context& context_;
  Watcher watcher_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::map<int64_t, std::vector<std::string>> programs_;
};

// One line of the interactive mode.
void TakeLine(Context& context, const std::string& line, Watches* watches) {
  const auto refuse = [&](const std::string& words) { context.terminal().Note(words); };
  const auto words = SplitWords(line);
  if (!words.ok() || words->empty()) {
    return refuse("Invalid command: " + line + " (watch and progress supported)");
  }
  if (words->front() == "progress") return watches->Progress();
  if (words->front() != "watch") {
    return refuse("Invalid command " + line + " (only support watch)");
  }
  FlagValues flags;
  flags.Declare(context.command().flags);
  const auto arguments = TakeFlags(std::span(*words).subspan(1), &flags);
  if (!arguments.ok()) {
    return refuse("Invalid command " + line + " (" + std::string(arguments.status().message()) +
                  ")");
  }
  auto wish = WishOf(context, flags, *arguments);
  if (!wish.ok()) {
    return refuse("Invalid command " + line + " (" + std::string(wish.status().message()) + ")");
  }
  watches->Add(*std::move(wish));
}

// Lines are read here; what the watches tell is shown on a thread of its own.
ExitCode RunInteractive(Context& context) {
  Watches watches(&context);
  ExitCode shown = ExitCode::kSuccess;
  std::atomic<bool> failed = false;
  std::thread show([&] {
    shown = watches.Show(/*more_may_be_added=*/true);
    failed = shown != ExitCode::kSuccess;
  });
  while (const auto line = context.terminal().ReadLine()) {
    if (failed) break;
    TakeLine(context, *line, &watches);
  }
  watches.Stop();
  show.join();
  if (failed) return shown;
  if (interrupt::Asked()) return ExitCode::kInterrupted;
  return context.Fail(ExitCode::kInvalidInput, "error reading watch request line: EOF");
}

}  // namespace

ExitCode RunWatch(Context& context) {
  if (context.flags().Switch("interactive")) return RunInteractive(context);
  auto wish = WishOf(context, context.flags(), context.arguments());
  if (!wish.ok()) return context.Fail(ExitCode::kBadArguments, wish.status().message());
  // Later it waits for one, however long that takes.
  if (const Status status = context.calls().AwaitLeader(); !status.ok()) return context.Fail(status);
  Watches watches(&context);
  watches.Add(*std::move(wish));
  return watches.Show(/*more_may_be_added=*/false);
}

}  // namespace keel::ctl
