// Why this side may end a connection: all the words that Session::Cut knows, for those who count by
// them. Some are said to the peer as well, in a GOAWAY. Constants.
#pragma once

#include <string_view>

namespace keel::net::cut_words {

inline constexpr char kBadRequest[] = "bad_request";
inline constexpr char kFlooded[] = "flooded";
inline constexpr char kKeepalive[] = "keepalive";
inline constexpr char kNoRequestInTime[] = "no_request_in_time";
inline constexpr char kNoSettingsInTime[] = "no_settings_in_time";
inline constexpr char kProtocolError[] = "protocol_error";
inline constexpr char kRequestTooLarge[] = "request_too_large";
inline constexpr char kTakesNoMore[] = "takes_no_more";
inline constexpr char kTooManyIdleFrames[] = "too_many_idle_frames";
inline constexpr char kTooManyMalformed[] = "too_many_malformed";
// gRPC clients know this one: they double their keepalive interval when they see it.
inline constexpr char kTooManyPings[] = "too_many_pings";
inline constexpr char kTooManyResets[] = "too_many_resets";
inline constexpr char kTooManySettings[] = "too_many_settings";
inline constexpr char kTooMuchPipelined[] = "too_much_pipelined";

inline constexpr std::string_view kAll[] = {
    kBadRequest,    kFlooded,         kKeepalive,       kNoRequestInTime,   kNoSettingsInTime,
    kProtocolError, kRequestTooLarge, kTakesNoMore,     kTooManyIdleFrames, kTooManyMalformed,
    kTooManyPings,  kTooManyResets,   kTooManySettings, kTooMuchPipelined};

}  // namespace keel::net::cut_words
