// What an answer of the cluster looks like in each output format.
//
// `simple` and `json` are etcdctl 3.5's byte for byte; `table`, `fields` and `protobuf` are drawn
// where etcdctl draws them, and refused elsewhere. Every function is pure: an answer and a style
// in, text out (with its last newline), or UNIMPLEMENTED when the format does not fit the answer.
// Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/etcdserverpb/auth.pb.h"
#include "api/etcdserverpb/cluster.pb.h"
#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/lease.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "api/etcdserverpb/watch.pb.h"
#include "base/result.h"

namespace keel::ctl {

namespace pb = etcdserverpb;

enum class Format : uint8_t { kSimple, kJson, kTable, kFields, kProtobuf };
[[nodiscard]] std::optional<Format> FormatNamed(std::string_view name);

struct Style {
  Format format = Format::kSimple;
  bool hex = false;         // keys and values as \x61\x62; member ids in JSON as hexadecimal
  bool value_only = false;  // without the keys
};

using Printed = Result<std::string>;

// How one answer looks; a face that is missing is a format that does not fit.
struct Faces {
  std::function<std::string()> simple;
  std::function<std::string()> json;
  std::function<std::string()> table;
  std::function<std::string()> fields;
  std::function<std::string()> protobuf;
};
[[nodiscard]] Printed Show(const Style& style, const Faces& faces);

// ---- keys ----
[[nodiscard]] Printed PrintPut(const Style& style, const pb::PutResponse& answer);
[[nodiscard]] Printed PrintGet(const Style& style, const pb::RangeResponse& answer);
[[nodiscard]] Printed PrintDelete(const Style& style, const pb::DeleteRangeResponse& answer);
[[nodiscard]] Printed PrintTxn(const Style& style, const pb::TxnResponse& answer);
[[nodiscard]] Printed PrintWatch(const Style& style, const pb::WatchResponse& answer);

// ---- leases ----
[[nodiscard]] Printed PrintGrant(const Style& style, const pb::LeaseGrantResponse& answer);
[[nodiscard]] Printed PrintRevoke(const Style& style, int64_t lease,
                                  const pb::LeaseRevokeResponse& answer);
[[nodiscard]] Printed PrintKeepAlive(const Style& style, const pb::LeaseKeepAliveResponse& answer);
[[nodiscard]] Printed PrintTimeToLive(const Style& style, const pb::LeaseTimeToLiveResponse& answer,
                                      bool keys);
[[nodiscard]] Printed PrintLeases(const Style& style, const pb::LeaseLeasesResponse& answer);

// ---- members ----
struct AddedMember {
  std::string name;
  std::string peer_urls;  // as they were given
};
[[nodiscard]] Printed PrintMemberAdd(const Style& style, const AddedMember& added,
                                     const pb::MemberAddResponse& answer);
[[nodiscard]] Printed PrintMemberRemove(const Style& style, uint64_t member,
                                        const pb::MemberRemoveResponse& answer);
[[nodiscard]] Printed PrintMemberUpdate(const Style& style, uint64_t member,
                                        const pb::MemberUpdateResponse& answer);
[[nodiscard]] Printed PrintMemberPromote(const Style& style, uint64_t member,
                                         const pb::MemberPromoteResponse& answer);
[[nodiscard]] Printed PrintMemberList(const Style& style, const pb::MemberListResponse& answer);

// ---- endpoints ----
struct EndpointHealth {
  std::string endpoint;
  bool healthy = false;
  std::string took;
  std::string error;
};
struct EndpointStatus {
  std::string endpoint;
  pb::StatusResponse status;
};
struct EndpointHash {
  std::string endpoint;
  pb::HashKVResponse hash;
};
// The simple face shows the healthy ones only: the others belong on standard error.
[[nodiscard]] Printed PrintHealth(const Style& style, const std::vector<EndpointHealth>& all);
[[nodiscard]] Printed PrintStatus(const Style& style, const std::vector<EndpointStatus>& all);
[[nodiscard]] Printed PrintHash(const Style& style, const std::vector<EndpointHash>& all);
[[nodiscard]] Printed PrintMoveLeader(const Style& style, uint64_t from, uint64_t to,
                                      const pb::MoveLeaderResponse& answer);
[[nodiscard]] Printed PrintAlarms(const Style& style, const pb::AlarmResponse& answer);

// ---- users and roles ----
[[nodiscard]] Printed PrintAuthStatus(const Style& style, const pb::AuthStatusResponse& answer);
[[nodiscard]] Printed PrintUser(const Style& style, const std::string& name,
                                const pb::AuthUserGetResponse& answer);
[[nodiscard]] Printed PrintRole(const Style& style, const std::string& name,
                                const pb::AuthRoleGetResponse& answer);
// A list of names: of users, of roles.
[[nodiscard]] Printed PrintNames(const Style& style, const std::vector<std::string>& names,
                                 const google::protobuf::Message& answer);
// An answer that says nothing: `simple` is the line that is shown.
[[nodiscard]] Printed PrintDone(const Style& style, const std::string& simple,
                                const google::protobuf::Message& answer);

// The end of the range of all keys that begin with `prefix`.
[[nodiscard]] std::string PrefixEnd(std::string prefix);

}  // namespace keel::ctl
