#include "server/api/slow_requests.h"

#include <algorithm>
#include <utility>

namespace keel::api {

namespace {

constexpr std::array<std::string_view, Trace::kStages> kStageNames = {
    "queue_ms", "leader_ms", "commit_ms", "index_ms", "apply_ms", "read_ms"};

void AppendEscaped(std::string_view bytes, std::string* to) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e || c == '"' || c == '\\') {
      *to += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      *to += c;
    }
  }
}

}  // namespace

void Trace::SetKey(std::string_view key) {
  key_bytes_ = static_cast<uint8_t>(std::min(key.size(), kKeyBytesMax));
  key_is_cut_ = key.size() > kKeyBytesMax;
  key.copy(key_.data(), key_bytes_);
}

void Trace::Note(const node::ProposalTimes& times, uint64_t now_ms) {
  if (times.asked_ms == 0) return;
  NoteEnd(Stage::kQueue, times.asked_ms);
  NoteEnd(Stage::kLeader, times.handed_ms == 0 ? now_ms : times.handed_ms);
  if (times.handed_ms == 0) return;
  NoteEnd(Stage::kCommit, times.committed_ms == 0 ? now_ms : times.committed_ms);
  NoteEnd(Stage::kApply, times.applied_ms);
}

void Trace::Note(const node::ReadTimes& times) {
  NoteEnd(Stage::kQueue, times.asked_ms);
  NoteEnd(Stage::kIndex, times.indexed_ms);
  NoteEnd(Stage::kApply, times.applied_ms);
}

std::string Trace::ToString(uint64_t now_ms, Code code) const {
  std::string line = "event=slow_request method=";
  line += method_;
  line += " code=";
  line += CodeName(code);
  line += " took_ms=" + std::to_string(now_ms - began_ms_);
  if (key_bytes_ > 0) {
    line += " key=\"";
    AppendEscaped({key_.data(), key_bytes_}, &line);
    line += key_is_cut_ ? "...\"" : "\"";
  }
  // Roles read the clock on their own: a stage may seem to end before the one in front of it.
  uint64_t before_ms = began_ms_;
  bool has_stages = false;
  for (size_t stage = 0; stage < kStages; ++stage) {
    if (ended_ms_[stage] == 0) continue;
    const uint64_t ended_ms = std::max(ended_ms_[stage], before_ms);
    line += ' ' + std::string(kStageNames[stage]) + '=' + std::to_string(ended_ms - before_ms);
    before_ms = ended_ms;
    has_stages = true;
  }
  if (has_stages) line += " answer_ms=" + std::to_string(std::max(now_ms, before_ms) - before_ms);
  return line;
}

void SlowRequests::Log(const Trace& trace, uint64_t now_ms, Code code) {
  ++count_;
  if (options_.log == nullptr) return;
  if (now_ms >= second_began_ms_ + 1'000) {
    second_began_ms_ = now_ms;
    lines_ = 0;
  }
  if (lines_ >= options_.lines_per_s_max) {
    ++left_out_;
    return;
  }
  ++lines_;
  std::string line = trace.ToString(now_ms, code);
  if (left_out_ > 0) line += " left_out=" + std::to_string(std::exchange(left_out_, 0));
  options_.log(line);
}

}  // namespace keel::api
