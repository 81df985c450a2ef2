// What the headers of an HTTP/2 request must obey (RFC 9113, 8.2 and 8.3), judged field by field as
// they come, and what the length that they announce must agree with.
//
// nghttp2's own judgement is switched off on the server's side for one reason: it refuses an
// :authority with a slash in it, and Go's etcd client, asked about one endpoint by its URL, sends
// just that.
//
// A value, one for each stream; no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keel::net {

class RequestRules {
 public:
  enum class Verdict : uint8_t {
    kKeep,
    kIgnore,     // a value with characters that no header may have: as if it were not there
    kMalformed,  // the stream ends here
  };

  [[nodiscard]] Verdict OnField(std::string_view name, std::string_view value);
  // At the end of a block. False: the request is malformed.
  [[nodiscard]] bool OnBlockEnd(bool ends_stream);
  [[nodiscard]] bool OnData(uint64_t bytes);
  [[nodiscard]] bool OnEnd() const;

 private:
  enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kPath = 4, kAuthority = 8 };

  [[nodiscard]] Verdict OnPseudo(std::string_view name, std::string_view value);
  [[nodiscard]] Verdict OnLength(std::string_view value);

  std::optional<uint64_t> length_;
  uint64_t received_ = 0;
  uint8_t pseudo_ = 0;
  bool regular_ = false;  // a field of the ordinary kind has come: no pseudo-header may follow
  bool in_trailers_ = false;
};

}  // namespace keel::net
