#include "server/async_log.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/check.h"

namespace keel::server {

namespace {

int SeverityOf(const std::string& level) {
  if (level == "warn") return google::GLOG_WARNING;
  return level == "error" ? google::GLOG_ERROR : google::GLOG_INFO;
}

void WriteAll(const std::string& bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t written = ::write(STDERR_FILENO, bytes.data() + at, bytes.size() - at);
    if (written <= 0) return;  // nobody reads: the process matters more than its words
    at += static_cast<size_t>(written);
  }
}

// A broken invariant ends the process at once: its words may not be left in the queue.
void WriteLastWords(const char* message) { WriteAll(std::string(message) + '\n'); }

}  // namespace

AsyncLog::AsyncLog(const char* program, const std::string& level) {
  // Nothing of glog's own goes to files or to stderr.
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  FLAGS_logtostderr = false;
  FLAGS_minloglevel = SeverityOf(level);
  FLAGS_v = level == "debug" ? 1 : 0;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
  google::InitGoogleLogging(program);
  SetCheckFailureHook(WriteLastWords);
  thread_ = std::thread([this] { Loop(); });
  google::AddLogSink(this);
}

AsyncLog::~AsyncLog() {
  google::RemoveLogSink(this);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  SetCheckFailureHook(nullptr);
}

void AsyncLog::send(google::LogSeverity severity, const char* /*full_filename*/,
                    const char* /*base_filename*/, int /*line*/, const google::LogMessageTime& time,
                    const char* message, size_t message_bytes) {
  constexpr const char* kNames[] = {"info", "warn", "error", "fatal"};
  char head[96];
  const int head_bytes =
      std::snprintf(head, sizeof(head), "time=%04d-%02d-%02dT%02d:%02d:%02d.%06d level=%s ",
                    time.year() + 1900, time.month() + 1, time.day(), time.hour(), time.min(),
                    time.sec(), time.usec(), kNames[severity]);
  std::string line(head, static_cast<size_t>(head_bytes));
  line.append(message, message_bytes);
  line.push_back('\n');
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + line.size() > kQueuedBytesMax) {
      ++dropped_;
      return;
    }
    if (dropped_ > 0) {
      line +=
          "level=warn event=log_lines_dropped count=" + std::to_string(std::exchange(dropped_, 0)) +
          '\n';
    }
    queued_bytes_ += line.size();
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void AsyncLog::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
    if (lines_.empty()) return;
    std::string bytes;
    for (const std::string& line : std::exchange(lines_, {})) bytes += line;
    queued_bytes_ = 0;
    lock.unlock();
    WriteAll(bytes);
    lock.lock();
  }
}

}  // namespace keel::server
