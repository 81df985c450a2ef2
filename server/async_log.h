// The process's own log: glog's lines, as key=value, to stderr, without anybody waiting for stderr.
//
// A line goes to a bounded queue and a thread of its own writes it; at the bound it is dropped and
// counted, and the next line that gets through says how many were. Made once, before other threads;
// destroyed after them, when it has written what is queued.
#pragma once

#include <glog/logging.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace keel::server {

class AsyncLog final : public google::LogSink {
 public:
  static constexpr size_t kQueuedBytesMax = size_t{4} << 20;

  // `level`: debug, info, warn or error.
  AsyncLog(const char* program, const std::string& level);
  ~AsyncLog() override;
  AsyncLog(const AsyncLog&) = delete;
  AsyncLog& operator=(const AsyncLog&) = delete;

  void send(google::LogSeverity severity, const char* full_filename, const char* base_filename,
            int line, const google::LogMessageTime& time, const char* message,
            size_t message_bytes) override;

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> lines_;  // under mutex_
  size_t queued_bytes_ = 0;        // under mutex_
  uint64_t dropped_ = 0;           // under mutex_
  bool stopping_ = false;          // under mutex_
  std::thread thread_;
};

}  // namespace keel::server
