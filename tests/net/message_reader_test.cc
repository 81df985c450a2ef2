#include "net/message_reader.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "net/gzip.h"
#include "tests/net/frames.h"

namespace keel::net {
namespace {

using frames::Message;
using Next = MessageReader::Next;

// All messages that are there; the failure, if there is one, as the last.
std::vector<std::string> ReadAll(MessageReader* reader) {
  std::vector<std::string> messages;
  std::string_view message;
  while (true) {
    const Result<Next> next = reader->Read(&message);
    if (!next.ok()) {
      messages.push_back(next.status().ToString());
      return messages;
    }
    if (*next == Next::kNeedMore) return messages;
    messages.emplace_back(message);
  }
}

TEST(MessageReader, CutsTheSameMessagesFromEverySplit) {
  const std::string input = Message("first") + Message("") + Message(std::string(300, 'x'));
  for (size_t split = 0; split <= input.size(); ++split) {
    MessageReader reader({.message_bytes_max = 1000});
    reader.Append(std::string_view(input).substr(0, split));
    std::vector<std::string> messages = ReadAll(&reader);
    reader.Append(std::string_view(input).substr(split));
    for (std::string& message : ReadAll(&reader)) messages.push_back(std::move(message));
    ASSERT_EQ(messages, (std::vector<std::string>{"first", "", std::string(300, 'x')})) << split;
    ASSERT_EQ(reader.buffered_bytes(), 0u);
  }
}

TEST(MessageReader, AnAnnouncementMakesRoomOnlyAsFarAsBytesBearItOut) {
  const std::string message = Message(std::string(1'000'000, 'x'));
  MessageReader reader({.message_bytes_max = 2'000'000});
  size_t times_larger = 0;
  for (size_t at = 0; at < message.size(); at += 8'000) {
    const size_t before = reader.kept_bytes();
    reader.Append(std::string_view(message).substr(at, 8'000));
    ASSERT_LE(reader.kept_bytes(), 8 * reader.buffered_bytes());
    times_larger += reader.kept_bytes() == before ? 0 : 1;
  }
  // By doubling it would be eight times.
  EXPECT_LE(times_larger, 4u);
  EXPECT_LE(reader.kept_bytes(), message.size() + message.size() / 16);
  EXPECT_EQ(ReadAll(&reader), std::vector<std::string>{std::string(1'000'000, 'x')});
}

TEST(MessageReader, KeepsOrderHoweverBytesArrive) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Prng prng(seed);
    std::string input;
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
      expected.emplace_back(prng.Below(2000), static_cast<char>(i));
      input += Message(expected.back());
    }
    MessageReader reader({.message_bytes_max = 2000});
    std::vector<std::string> messages;
    for (size_t at = 0; at < input.size();) {
      const size_t now = std::min<size_t>(1 + prng.Below(5000), input.size() - at);
      reader.Append(std::string_view(input).substr(at, now));
      at += now;
      std::string_view message;
      // Sometimes a reader leaves messages lying.
      for (uint64_t left = prng.Below(10); left > 0; --left) {
        const Result<Next> next = reader.Read(&message);
        ASSERT_TRUE(next.ok());
        if (*next == Next::kNeedMore) break;
        messages.emplace_back(message);
      }
    }
    for (std::string& message : ReadAll(&reader)) messages.push_back(std::move(message));
    ASSERT_EQ(messages, expected);
  }
}

TEST(MessageReader, RefusesALargeMessageByItsFirstBytes) {
  MessageReader reader({.message_bytes_max = 1000});
  reader.Append(Message(std::string(1001, 'x')).substr(0, 5));
  const std::string refused =
      "RESOURCE_EXHAUSTED: received message larger than max (1001 vs. 1000)";
  EXPECT_EQ(reader.CheckHead().ToString(), refused);
  EXPECT_EQ(ReadAll(&reader), std::vector<std::string>{refused});
  reader.Append(Message("more"));
  EXPECT_EQ(ReadAll(&reader), std::vector<std::string>{refused});
}

TEST(MessageReader, RefusesFlagsThatItDoesNotKnow) {
  MessageReader plain({.message_bytes_max = 1000});
  plain.Append("\x02");
  EXPECT_EQ(ReadAll(&plain)[0], "INTERNAL: a message has an unknown compression flag");
  MessageReader identity({.message_bytes_max = 1000});
  identity.Append(Message("x", true));
  EXPECT_EQ(ReadAll(&identity)[0],
            "INTERNAL: a message is compressed, but no grpc-encoding was announced");
}

TEST(MessageReader, InflatesCompressedMessagesAndBoundsThem) {
  const MessageReader::Options options{.message_bytes_max = 100'000,
                                       .encoding = MessageReader::Encoding::kGzip};
  const std::string body(90'000, 'z');
  MessageReader reader(options);
  reader.Append(Message(Gzip(body), true) + Message("plain"));
  EXPECT_EQ(ReadAll(&reader), (std::vector<std::string>{body, "plain"}));
  // A few kilobytes that would become a gigabyte stop at the bound.
  MessageReader bomb(options);
  bomb.Append(Message(Gzip(std::string(10'000'000, '\0')), true));
  EXPECT_TRUE(ReadAll(&bomb)[0].starts_with("RESOURCE_EXHAUSTED"));
}

TEST(Gzip, RefusesWhatIsNotExactlyOneStream) {
  const std::string good = Gzip("hello");
  EXPECT_EQ(Gunzip(good, 100).value(), "hello");
  EXPECT_EQ(Gunzip(Gzip(""), 0).value(), "");
  EXPECT_EQ(Gunzip(good + "x", 100).status().code(), Code::kInternal);
  EXPECT_EQ(Gunzip("", 100).status().code(), Code::kInternal);
  EXPECT_EQ(Gunzip("not gzip at all", 100).status().code(), Code::kInternal);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(Gunzip(good.substr(0, size), 100).status().code(), Code::kInternal) << size;
  }
  EXPECT_EQ(Gunzip(good, 4).status().code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace keel::net
