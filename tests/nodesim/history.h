// What clients saw of the key space, and whether one single store could have shown it to them.
//
// The revisions fix the order of all changes, so no search is needed: a change stands at its
// revision, and whatever saw the store without changing it stands right behind the revision that it
// saw. The history is linearizable, over all keys together, exactly if who returned before another
// began stands before it. Changes of unknown outcome count if the chronicle has them. One thread.
#pragma once

#include <string>
#include <vector>

#include "tests/nodesim/chronicle.h"

namespace keel::nodesim {

// kTransfer: a transaction of its own making, which only its maker can judge beyond its place.
enum class OpKind : uint8_t { kPut, kCompareAndPut, kDelete, kTransfer, kRead };
enum class Outcome : uint8_t { kOpen, kOk, kRefused, kUnknown };

struct Op {
  OpKind kind = OpKind::kPut;
  Outcome outcome = Outcome::kOpen;
  std::string key;
  bool done = false;  // it changed something: a condition held, a key was there to delete
  Revision expected;  // kCompareAndPut: where the key was last written; none: it is not there
  uint64_t invoked_us = 0;
  uint64_t returned_us = UINT64_MAX;
  Revision revision;  // of the store, as told
  Revision mod;       // kRead: of the key; none: it was not there
};

class History {
 public:
  // Operations are numbered from 1.
  OpNumber Add(Op op);
  [[nodiscard]] Op& At(OpNumber op) { return ops_[op - 1]; }
  [[nodiscard]] const Op& At(OpNumber op) const { return ops_[op - 1]; }
  [[nodiscard]] size_t size() const { return ops_.size(); }

  // What is wrong, or nothing. At most a few findings.
  [[nodiscard]] std::vector<std::string> Check(const Chronicle& chronicle) const;

 private:
  struct Judged {
    OpNumber op = 0;
    Revision place;
    bool changes = false;
  };

  [[nodiscard]] std::string CheckOne(OpNumber number, const Chronicle& chronicle,
                                     std::vector<Judged>* judged) const;
  [[nodiscard]] std::string CheckSeen(const Op& op, const Chronicle& chronicle) const;
  void CheckOrder(std::vector<Judged> judged, std::vector<std::string>* findings) const;

  std::vector<Op> ops_;
};

}  // namespace keel::nodesim
