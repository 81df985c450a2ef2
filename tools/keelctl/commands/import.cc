// import: the keys of an export, put into a cluster.
//
// Some transactions are under way at once, to whichever member answers. Resumable: NAME.imported
// says how many lines of the file are in, without a hole, and a second run goes on behind them. It
// is written once a second, so a run that goes on puts some lines again; that changes nothing but
// their versions.
#include <unistd.h>

#include <chrono>
#include <deque>
#include <fstream>
#include <optional>

#include "tools/keelctl/calls/bulk.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/export_lines.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

// Below the 128 operations and the 1.5 MiB that a server takes in one transaction.
constexpr int kOpsMax = 100;
constexpr size_t kBatchBytesMax = size_t{1} << 20;
constexpr std::chrono::seconds kNoteEvery(1);
constexpr std::streamoff kEndLineBytesMax = 200;
constexpr std::string_view kInterrupted = "interrupted; the same command goes on from here";

// Whether the file's last line is an export's: a file that was cut off is refused before it is
// begun.
Status CheckEnd(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return NotFound("could not open " + path);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kEndLineBytesMax));
  std::string last;
  for (std::string text; std::getline(file, text);) last = text;
  const auto line = ParseExportLine(last);
  if (line.ok() && line->kind == ExportLine::Kind::kEnd) return {};
  return DataLoss(path + " does not end as an export does: it was cut off; export again");
}

class Import {
 public:
  struct Options {
    std::string path;
    bool only_new = false;
  };
  Import(Context* context, Options options)
      : context_(*context),
        options_(std::move(options)),
        note_(options_.path + ".imported"),
        progress_(&context->terminal(), {.what = "imported", .write = HumanCount}) {}

  Status Run() {
    KEEL_RETURN_IF_ERROR(CheckEnd(options_.path));
    KEEL_RETURN_IF_ERROR(FindStart());
    KEEL_ASSIGN_OR_RETURN(auto credentials, context_.calls().LoggedIn());
    bulk_.emplace(
        Bulk::Options{.calls = context_.calls().options(), .credentials = std::move(credentials)});
    const Status done = PutAll();
    if (done.ok()) return {};
    KEEL_RETURN_IF_ERROR(Note());
    return done.code() == Code::kCancelled ? Cancelled(std::string(kInterrupted)) : done;
  }
  [[nodiscard]] uint64_t keys() const { return keys_; }

 private:
  Status PutAll() {
    std::ifstream file(options_.path, std::ios::binary);
    uint64_t number = 0;
    for (std::string text; std::getline(file, text);) {
      if (interrupt::Asked()) return Cancelled(std::string(kInterrupted));
      const auto line = ParseExportLine(text);
      if (!line.ok()) {
        return line.status().WithContext(options_.path + ", line " + std::to_string(number + 1));
      }
      if ((line->kind == ExportLine::Kind::kHeader) != (number == 0)) {
        return InvalidArgument(options_.path +
                               " is no export: its header is missing, or comes twice");
      }
      ++number;
      if (line->kind == ExportLine::Kind::kHeader) {
        progress_.SetTotal(line->key_count);
        continue;
      }
      if (line->kind == ExportLine::Kind::kEnd) return Finish(line->key_count);
      ++keys_;
      if (number <= skipped_) continue;
      Add(line->kv);
      if (request_.success_size() >= kOpsMax || batch_bytes_ >= kBatchBytesMax ||
          options_.only_new) {
        KEEL_RETURN_IF_ERROR(Commit(number));
      }
    }
    return DataLoss(options_.path + " ends before its last line");
  }

  Status FindStart() {
    if (context_.flags().Switch("restart")) unlink(note_.c_str());
    const auto text = ReadFile(note_);
    if (!text.ok()) return text.status().code() == Code::kNotFound ? Status() : text.status();
    KEEL_ASSIGN_OR_RETURN(skipped_, ParseUint(Trim(*text), 10));
    context_.terminal().Note("goes on behind line " + std::to_string(skipped_));
    return {};
  }

  void Add(const mvccpb::KeyValue& kv) {
    if (options_.only_new) {
      pb::Compare* compare = request_.add_compare();
      compare->set_key(kv.key());
      compare->set_target(pb::Compare::VERSION);
      compare->set_result(pb::Compare::EQUAL);
      compare->set_version(0);
    }
    pb::PutRequest* put = request_.add_success()->mutable_request_put();
    put->set_key(kv.key());
    put->set_value(kv.value());
    batch_bytes_ += kv.key().size() + kv.value().size();
  }

  Status Commit(uint64_t lines) {
    KEEL_RETURN_IF_ERROR(bulk_->Send(method::kTxn, request_));
    sent_.push_back({.lines = lines, .keys = keys_});
    request_.Clear();
    batch_bytes_ = 0;
    Account();
    const auto now = std::chrono::steady_clock::now();
    if (now - noted_ < kNoteEvery) return {};
    noted_ = now;
    return Note();
  }
  // The lines whose keys are in, from the first on.
  void Account() {
    for (const uint64_t done = bulk_->done(); accounted_ < done; ++accounted_) {
      committed_lines_ = sent_.front().lines;
      progress_.Update(sent_.front().keys);
      sent_.pop_front();
    }
  }
  // What was put since the last note is put again by the next run: to the same effect.
  Status Note() {
    Account();
    if (committed_lines_ == 0) return {};
    return WriteFile(note_, std::to_string(committed_lines_) + "\n");
  }

  Status Finish(uint64_t expected) {
    if (expected != keys_) {
      return DataLoss(options_.path + " says that it has " + std::to_string(expected) +
                      " keys, and has " + std::to_string(keys_));
    }
    if (!request_.success().empty()) KEEL_RETURN_IF_ERROR(Commit(keys_ + 1));
    KEEL_RETURN_IF_ERROR(bulk_->Flush());
    Account();
    unlink(note_.c_str());
    return {};
  }

  Context& context_;
  const Options options_;
  const std::string note_;
  Progress progress_;
  uint64_t skipped_ = 0;
  uint64_t keys_ = 0;
  pb::TxnRequest request_;
  size_t batch_bytes_ = 0;
  std::optional<Bulk> bulk_;
  struct Sent {
    uint64_t lines = 0;
    uint64_t keys = 0;
  };
  std::deque<Sent> sent_;  // and not accounted for yet
  uint64_t accounted_ = 0;
  uint64_t committed_lines_ = 0;
  std::chrono::steady_clock::time_point noted_ = std::chrono::steady_clock::now();
};

}  // namespace

ExitCode RunImport(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "import expects one file");
  }
  Import import(&context,
                {.path = context.words()[0], .only_new = context.flags().Switch("only-new")});
  const Status done = import.Run();
  if (done.code() == Code::kCancelled) return context.Fail(ExitCode::kInterrupted, done.message());
  if (!done.ok()) return context.Fail(done);
  context.Out("Imported " + std::to_string(import.keys()) + " keys from " + context.words()[0] +
              "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
