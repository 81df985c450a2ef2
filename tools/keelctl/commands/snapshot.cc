// snapshot save: the state of one member, streamed into a file that is there whole or not at all.
#include <unistd.h>

#include <chrono>
#include <thread>

#include "net/system_clock.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/key_file.h"
#include "tools/keelctl/commands/saving.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

// A backup gives way: where it runs beside a member, that one has clients who wait.
constexpr int kNiceness = 10;

// Holds a transfer to a rate by waiting behind each piece: the member sends no more than is taken.
class Pace {
 public:
  explicit Pace(uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}
  void Wait(uint64_t bytes_so_far) const {
    if (bytes_per_s_ == 0) return;
    const auto due = std::chrono::microseconds(static_cast<int64_t>(
        1e6 * static_cast<double>(bytes_so_far) / static_cast<double>(bytes_per_s_)));
    std::this_thread::sleep_until(began_ + due);
  }

 private:
  const uint64_t bytes_per_s_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Status Receive(Context& context, Stream* stream, Saving* saving, uint64_t rate) {
  Progress progress(&context.terminal(), {.what = "saved", .write = [](double bytes) {
                                            return HumanBytes(static_cast<uint64_t>(bytes));
                                          }});
  const Pace pace(rate);
  pb::SnapshotResponse answer;
  // Without --command-timeout a snapshot takes its time, but not all of it in silence.
  const uint64_t silence_us =
      std::max<uint64_t>(context.settings().calls.command_timeout_us, 30'000'000);
  while (true) {
    switch (stream->Next(&answer, silence_us)) {
      case Stream::Outcome::kTimeout:
        return DeadlineExceeded("the member has stopped sending");
      case Stream::Outcome::kInterrupted:
        return Cancelled("interrupted");
      case Stream::Outcome::kEnded:
        KEEL_RETURN_IF_ERROR(stream->status());
        return saving->Finish();
      case Stream::Outcome::kMessage:
        break;
    }
    KEEL_RETURN_IF_ERROR(saving->Add(answer));
    progress.SetTotal(saving->size_bytes() + answer.remaining_bytes());
    progress.Update(saving->size_bytes());
    pace.Wait(saving->size_bytes());
  }
}

}  // namespace

ExitCode RunSnapshotSave(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot save expects one argument");
  }
  if (context.endpoints().size() != 1) {
    return context.Fail(ExitCode::kInterrupted,
                        "snapshot must be requested to one selected node, not multiple [" +
                            Join(context.endpoints(), " ") + "]");
  }
  const std::string& path = context.words()[0];
  const auto rate = ParseBytes(context.flags().Text("rate"));
  if (!rate.ok()) return context.Fail(ExitCode::kBadFeature, rate.status().message());
  const auto key = KeyOf(context);
  if (!key.ok()) return context.Fail(ExitCode::kIo, key.status().message());
  net::SystemClock clock;
  Saving saving({.path = path, .key = *key, .clock = &clock});
  if (const Status begun = saving.Begin(); !begun.ok()) {
    return context.Fail(ExitCode::kIo, begun.message());
  }
  // For this thread and those that it starts; it may be refused, and nothing is lost by that.
  (void)!nice(kNiceness);
  auto stream = context.calls().Open(method::kSnapshot, {{"keel-snapshot", "chunks"}});
  if (!stream.ok()) return context.Fail(stream.status());
  (*stream)->Send(pb::SnapshotRequest());
  (*stream)->CloseSend();
  if (const Status status = Receive(context, stream->get(), &saving, *rate); !status.ok()) {
    return NeverSent(status) ? context.Fail(status)
                             : context.Fail(ExitCode::kInterrupted, Words(status));
  }
  context.Out("Snapshot saved at " + path + "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
