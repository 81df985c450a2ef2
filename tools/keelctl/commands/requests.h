// The requests of get, put and del from their flags and arguments; txn makes its own of the same.
//
// Pure, but for a put's value, which may come from standard input. A failure is INVALID_ARGUMENT
// (wrong arguments) or UNIMPLEMENTED (a flag's value that means nothing), in etcdctl's words.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "api/etcdserverpb/kv.pb.h"
#include "base/result.h"
#include "tools/keelctl/command/command.h"

namespace keel::ctl {

[[nodiscard]] std::span<const Flag> GetFlags();
[[nodiscard]] std::span<const Flag> PutFlags();
[[nodiscard]] std::span<const Flag> DeleteFlags();

using WordList = std::vector<std::string>;
[[nodiscard]] Result<etcdserverpb::RangeRequest> RangeRequestOf(const FlagValues& flags,
                                                                const WordList& words);
// `read_value` gives all of standard input.
[[nodiscard]] Result<etcdserverpb::PutRequest> PutRequestOf(
    const FlagValues& flags, const WordList& words, const std::function<std::string()>& read_value);
[[nodiscard]] Result<etcdserverpb::DeleteRangeRequest> DeleteRequestOf(const FlagValues& flags,
                                                                       const WordList& words);

// A lease's id as it is typed.
[[nodiscard]] Result<int64_t> LeaseOf(const std::string& text);
// A member's.
[[nodiscard]] Result<uint64_t> MemberOf(const std::string& text);

// The exit code that fits a failure of the above.
[[nodiscard]] ExitCode CodeFor(const Status& status);

}  // namespace keel::ctl
