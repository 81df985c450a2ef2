#include "client/txn.h"

namespace keel::client {

Compared<uint64_t> VersionOf(KeyRange range) {
  return {.range = std::move(range), .subject = Compare::Subject::kVersion};
}
Compared<Revision> CreateRevisionOf(KeyRange range) {
  return {.range = std::move(range), .subject = Compare::Subject::kCreateRevision};
}
Compared<Revision> ModRevisionOf(KeyRange range) {
  return {.range = std::move(range), .subject = Compare::Subject::kModRevision};
}
Compared<std::string> ValueOf(KeyRange range) {
  return {.range = std::move(range), .subject = Compare::Subject::kValue};
}
Compared<LeaseId> LeaseOf(KeyRange range) {
  return {.range = std::move(range), .subject = Compare::Subject::kLease};
}

Compared<uint64_t> VersionOf(std::string key) { return VersionOf(KeyRange::One(std::move(key))); }
Compared<Revision> CreateRevisionOf(std::string key) {
  return CreateRevisionOf(KeyRange::One(std::move(key)));
}
Compared<Revision> ModRevisionOf(std::string key) {
  return ModRevisionOf(KeyRange::One(std::move(key)));
}
Compared<std::string> ValueOf(std::string key) { return ValueOf(KeyRange::One(std::move(key))); }
Compared<LeaseId> LeaseOf(std::string key) { return LeaseOf(KeyRange::One(std::move(key))); }

Compare Exists(std::string key) { return VersionOf(std::move(key)) > 0; }
Compare Missing(std::string key) { return VersionOf(std::move(key)) == 0; }

}  // namespace keel::client
