// Many writes on their way at once, from a plain thread: for loading and other bulk work.
//
//   Pipeline pipeline(kv, {.in_flight_max = 512});
//   for (...) pipeline.Put({.key = ..., .value = ...});   // waits only while 512 are on their way
//   Status all = pipeline.Flush();
//
// Each write is an operation of its own: carried out once, in no order towards the others. The
// first failure is kept, and ends the pipeline: what comes after it is not sent. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "client/kv.h"

namespace keel::client {

class Pipeline {
 public:
  struct Options {
    size_t in_flight_max = 512;
  };

  Pipeline(Kv kv, Options options);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  // Waits for what is on its way.
  ~Pipeline();

  // False: the pipeline has failed, and Flush says how.
  bool Put(PutRequest request);
  bool Delete(DeleteRequest request);
  bool Commit(Txn txn);

  // Waits for all; OK if every one was carried out.
  Status Flush();
  // Carried out so far.
  [[nodiscard]] uint64_t done() const;

 private:
  struct State;

  // False when it has failed; otherwise there is room for one more.
  [[nodiscard]] bool TakeRoom();

  const Kv kv_;
  const std::shared_ptr<State> state_;
};

}  // namespace keel::client
