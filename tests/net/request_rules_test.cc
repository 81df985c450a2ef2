#include "net/request_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/net/frames.h"
#include "tests/net/http2_server.h"

namespace keel::net {
namespace {

using frames::kNowUs;
using frames::Server;

using Fields = std::vector<Metadata::Field>;

Fields Request(std::string_view authority = "a:1") {
  return {{":method", "POST"},       {":scheme", "http"}, {":path", "/a.B/C"},
          {":authority", authority}, {"te", "trailers"},  {"content-type", "application/grpc"}};
}

Fields Without(std::string_view name) {
  Fields fields = Request();
  std::erase_if(fields, [&](const Metadata::Field& field) { return field.name == name; });
  return fields;
}

Fields With(std::string_view name, std::string_view value) {
  Fields fields = Request();
  fields.push_back({name, value});
  return fields;
}

// Tells whether the server reset stream 1, and that it told nobody of it.
bool IsReset(const std::string& input) {
  Server server;
  server.Greet();
  server.session.Receive(input, kNowUs);
  const std::vector<frames::Frame> resets = frames::Of(server.Frames(), frames::kRstStream);
  if (resets.empty()) return false;
  EXPECT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].payload, frames::BigEndian32(1)) << "PROTOCOL_ERROR";
  EXPECT_FALSE(server.session.WantsClose()) << "one request's fault is no other's";
  for (const std::string& line : server.events.lines) EXPECT_NE(line, "1 end");
  // The connection goes on.
  server.session.Receive(frames::Unary(3, "/a.B/C", "x"), kNowUs);
  EXPECT_EQ(server.events.lines.back(), "3 end");
  return true;
}

TEST(RequestRules, TakeAUrlForAnAuthority) {
  EXPECT_FALSE(IsReset(frames::Headers(1, Request("http://127.0.0.1:2379"))));
  EXPECT_FALSE(IsReset(frames::Headers(1, Without(":authority"))));
}

TEST(RequestRules, RefuseWhatIsMissingTwiceOrOutOfPlace) {
  for (const std::string_view name : {":method", ":scheme", ":path"}) {
    EXPECT_TRUE(IsReset(frames::Headers(1, Without(name)))) << name;
    Fields twice = Request();
    twice.insert(twice.begin(), *std::find_if(twice.begin(), twice.end(),
                                              [&](const auto& f) { return f.name == name; }));
    EXPECT_TRUE(IsReset(frames::Headers(1, twice))) << name;
  }
  EXPECT_TRUE(IsReset(frames::Headers(1, With(":authority", "late"))));
  Fields unknown = Request();
  unknown.insert(unknown.begin(), {":protocol", "websocket"});
  EXPECT_TRUE(IsReset(frames::Headers(1, unknown)));
}

TEST(RequestRules, RefuseWhatSmugglesRequests) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"connection", "close"},
           {"keep-alive", "1"},
           {"proxy-connection", "close"},
           {"transfer-encoding", "chunked"},
           {"upgrade", "h2c"},
           {"te", "gzip"},
           {"Upper", "case"},
           {"a space", "in a name"},
           {"", "no name"},
           {"content-length", "-1"},
           {"content-length", "1x"},
           {"content-length", ""},
       }) {
    EXPECT_TRUE(IsReset(frames::Headers(1, With(name, value)))) << name << ": " << value;
  }
  Fields fields = Request();
  fields[2].value = "no/slash/first";
  EXPECT_TRUE(IsReset(frames::Headers(1, fields)));
  fields[2].value = std::string_view("/a\0b", 4);
  EXPECT_TRUE(IsReset(frames::Headers(1, fields)));
}

TEST(RequestRules, DropAFieldWithForbiddenCharacters) {
  Server server;
  server.Greet();
  server.session.Receive(frames::Headers(1, With("x-note", std::string_view("a\nb", 3))), kNowUs);
  EXPECT_EQ(server.events.lines, (std::vector<std::string>{"1 headers"}));
  EXPECT_EQ(server.events.last_fields.Find("x-note"), std::nullopt);
}

TEST(RequestRules, HoldARequestToItsLength) {
  const std::string head = frames::Headers(1, With("content-length", "4"));
  EXPECT_FALSE(IsReset(head + frames::Data(1, "1234", frames::kEndStream)));
  EXPECT_TRUE(IsReset(head + frames::Data(1, "123", frames::kEndStream)));
  EXPECT_TRUE(IsReset(head + frames::Data(1, "123") + frames::Data(1, "45")));
  Fields twice = With("content-length", "4");
  twice.push_back({"content-length", "4"});
  EXPECT_TRUE(IsReset(frames::Headers(1, twice)));
}

TEST(RequestRules, RefuseTrailersThatEndNothing) {
  const std::string head = frames::Headers(1, Request());
  const Fields trailers = {{"x-sum", "1"}};
  constexpr uint8_t kLast = frames::kEndHeaders | frames::kEndStream;
  EXPECT_FALSE(IsReset(head + frames::Headers(1, trailers, kLast)));
  EXPECT_TRUE(IsReset(head + frames::Headers(1, trailers)));
  EXPECT_TRUE(IsReset(head + frames::Headers(1, {{":path", "/x"}}, kLast)));
}

TEST(RequestRules, AFloodOfMalformedRequestsEndsTheConnection) {
  Server server;
  server.Greet();
  for (uint32_t stream = 1; stream < 4'000 && !server.session.WantsClose(); stream += 2) {
    server.session.Receive(frames::Headers(stream, Without(":path")), kNowUs);
    (void)server.Frames();
  }
  EXPECT_TRUE(server.session.WantsClose());
}

}  // namespace
}  // namespace keel::net
