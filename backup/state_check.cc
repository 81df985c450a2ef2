#include "backup/state_check.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::backup {

namespace {

constexpr size_t kNumberBytes = 8;

std::string Binding(uint64_t lease, std::string_view key) {
  std::string binding;
  AppendFixed64(&binding, lease);
  return binding.append(key);
}

}  // namespace

void StateCheck::Sum::Add(std::string_view element) {
  ++count;
  sum += Checksum(element);
}

Status StateCheck::Add(const kv::SnapshotRecord& record) {
  record_key_.assign(layout_.group_prefix());
  record_key_.append(record.key);
  const std::string& key = record_key_;
  const std::string_view rest = record.key.substr(1);
  bool holds = true;
  switch (static_cast<kv::Family>(record.key.front())) {
    case kv::Family::kData:
      holds = AddData(key, record.value);
      break;
    case kv::Family::kRevisions:
      holds = AddRevision(key, record.value);
      break;
    case kv::Family::kAttached:
      holds = AddAttached(rest);
      break;
    case kv::Family::kLeases:
      holds = AddLease(rest);
      break;
    case kv::Family::kState:
      holds = AddState(rest, record.value);
      break;
    case kv::Family::kSessions:
    case kv::Family::kOutcomes:
    case kv::Family::kAuth:
    case kv::Family::kPrefixes:
    case kv::Family::kFence:
    case kv::Family::kChain:
      break;
    default:
      holds = false;
  }
  if (holds) return {};
  return DataLoss("the record \"" + std::string(record.key.substr(0, 64)) +
                  "\" contradicts the others");
}

bool StateCheck::AddData(const std::string& key, std::string_view value) {
  Revision revision;
  kv::DataRecord record;
  if (!kv::ParseDataKey(key, &user_key_, &revision) || !kv::DecodeData(value, &record)) {
    return false;
  }
  const bool is_newest = versions_++ == 0 || user_key_ != key_;
  if (record.deleted) record.version = 0;
  if (!record.deleted && (record.version == 0 || record.create > revision)) return false;
  if (!record.deleted && (record.version == 1) != (record.create == revision)) return false;
  if (is_newest) {
    AddLive(user_key_, record);
    std::swap(key_, user_key_);
  } else if (newer_.deleted || record.deleted) {
    // A deletion ends a life, and what follows it begins one.
    if (newer_.deleted == record.deleted || (record.deleted && newer_.version != 1)) return false;
  } else if (newer_.version > 1 &&
             (newer_.create != record.create || newer_.version != record.version + 1)) {
    return false;
  } else if (newer_.version <= 1) {
    return false;
  }
  newer_ = {.deleted = record.deleted, .create = record.create, .version = record.version};
  newest_ = std::max(newest_, revision);
  if (revision > compacted_) {
    changes_of_data_.Add(ChangeOf(key_, revision, record.sub, record.deleted));
  }
  return true;
}

std::string_view StateCheck::ChangeOf(std::string_view key, Revision revision, uint32_t sub,
                                      bool deleted) {
  change_.clear();
  AppendFixed64(&change_, revision.value());
  AppendFixed32(&change_, sub);
  change_.push_back(deleted ? 1 : 0);
  return change_.append(key);
}

void StateCheck::AddLive(const std::string& key, const kv::DataRecord& record) {
  if (record.deleted) return;
  ++live_keys_;
  live_bytes_ += key.size() + record.value.size();
  if (!record.lease.IsNone()) bound_.Add(Binding(record.lease.value(), key));
}

bool StateCheck::AddRevision(const std::string& key, std::string_view value) {
  Revision revision;
  uint32_t sub = 0;
  kv::RevisionRecord record;
  if (!kv::ParseRevisionKey(key, &revision, &sub) || !kv::DecodeRevision(value, &record)) {
    return false;
  }
  if (record.previous >= revision) return false;
  newest_ = std::max(newest_, revision);
  if (revision <= compacted_) return true;
  changes_of_index_.Add(ChangeOf(record.key, revision, sub, record.kind == kv::EventKind::kDelete));
  return true;
}

bool StateCheck::AddAttached(std::string_view key) {
  if (key.size() < kNumberBytes) return false;
  const uint64_t lease = kv::DecodeBigEndian64(key);
  if (lease != last_lease_) leases_missing_.insert(lease);
  last_lease_ = lease;
  attached_.Add(Binding(lease, key.substr(kNumberBytes)));
  return true;
}

bool StateCheck::AddLease(std::string_view key) {
  if (key.size() != kNumberBytes) return false;
  ++leases_;
  leases_missing_.erase(kv::DecodeBigEndian64(key));
  return true;
}

bool StateCheck::AddState(std::string_view key, std::string_view value) {
  if (key != kv::kStateName) return true;
  has_state_ = true;
  return kv::DecodeState(value, &state_);
}

Status StateCheck::Finish(const kv::SnapshotHeader& header) const {
  const kv::StoreState fresh;
  const char* wrong = nullptr;
  if (!has_state_ && versions_ > 0) wrong = "it has no state record";
  if (state_.applied != header.applied || state_.applied_term != header.applied_term ||
      state_.revision != header.revision) {
    wrong = "its header names another state";
  }
  if (state_.compacted != compacted_) wrong = "it was compacted at another revision than it says";
  if (newest_ > std::max(state_.revision, fresh.revision)) wrong = "a change has a later revision";
  if (state_.live_keys != live_keys_ || state_.live_bytes != live_bytes_) {
    wrong = "its live keys are not those that it counts";
  }
  if (changes_of_data_ != changes_of_index_) {
    wrong = "its data and its revision index name different changes";
  }
  if (attached_ != bound_) wrong = "its keys and their leases do not agree";
  if (!leases_missing_.empty()) wrong = "a key is attached to a lease that is not there";
  return wrong == nullptr ? Status() : DataLoss(wrong);
}

}  // namespace keel::backup
