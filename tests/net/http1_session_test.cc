#include "net/http1_session.h"

#include <gtest/gtest.h>

#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

constexpr uint64_t kNowUs = 1'000'000;
const std::string kHealth = "GET /health HTTP/1.1\r\nHost: me\r\n\r\n";
const std::string kHealthy =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n"
    "{\"health\":\"true\",\"reason\":\"\"}";

class Http1SessionTest : public testing::Test {
 protected:
  Http1SessionTest() {
    AddTestPages(&table_);
    table_.Add({.method = "GET", .path = "/later"},
               [this](HttpCall call, const HttpRequest& request) {
                 waiting_.push_back(call);
                 query_ = request.query;
               });
  }

  void Open(Http1Options options = {}) {
    session_ = std::make_unique<Http1Session>(
        options, Http1Session::Environment{&table_, &registry_, &host_, "me"}, kNowUs);
  }
  std::string Ask(const std::string& bytes) {
    if (session_ == nullptr) Open();
    session_->Receive(bytes, kNowUs);
    return Take(session_.get());
  }
  // The status line's number, of a session of its own.
  std::string StatusOf(const std::string& bytes) {
    Open();
    const std::string answer = Ask(bytes);
    return answer.size() < 12 ? answer : answer.substr(9, 3);
  }

  HttpTable table_;
  CallRegistry registry_;
  CountingHost host_;
  std::vector<HttpCall> waiting_;
  std::string query_;
  std::unique_ptr<Http1Session> session_;
};

TEST_F(Http1SessionTest, AnswersTheSameForEverySplit) {
  const std::string post =
      "POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: 5\r\n\r\nhello" + kHealth;
  for (size_t split = 0; split <= post.size(); ++split) {
    Open();
    std::string answer = Ask(post.substr(0, split));
    answer += Ask(post.substr(split));
    ASSERT_EQ(answer,
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
              "content-length: 5\r\n\r\nhello" +
                  kHealthy)
        << split;
    ASSERT_FALSE(session_->WantsClose());
  }
}

TEST_F(Http1SessionTest, ReadsChunkedBodies) {
  EXPECT_TRUE(Ask("POST /echo HTTP/1.1\r\nHost: me\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                  .ends_with("\r\n\r\nabcde"));
}

TEST_F(Http1SessionTest, LeavesTheBodyOfAHeadOut) {
  const std::string answer = Ask("HEAD /health HTTP/1.1\r\nHost: me\r\n\r\n");
  EXPECT_EQ(answer, kHealthy.substr(0, kHealthy.find("\r\n\r\n") + 4));
}

TEST_F(Http1SessionTest, RefusesWhatItDoesNotServe) {
  EXPECT_EQ(StatusOf("GET /nope HTTP/1.1\r\nHost: me\r\n\r\n"), "404");
  EXPECT_EQ(StatusOf("POST /health HTTP/1.1\r\nHost: me\r\nContent-Length: 0\r\n\r\n"), "405");
  EXPECT_FALSE(session_->WantsClose());
}

TEST_F(Http1SessionTest, RefusesWhatIsMalformedAndCloses) {
  const std::string bad[] = {
      "GET /health HTTP/1.1\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET health HTTP/1.1\r\nHost: me\r\n\r\n",
      "GET /health\r\n\r\n",
      "nonsense\r\n\r\n",
      "GET  /health HTTP/1.1\r\nHost: me\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost : me\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: -1\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: me\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      std::string("\x16\x03\x01\x02\x00\x01", 6),
  };
  for (const std::string& input : bad) {
    EXPECT_EQ(StatusOf(input), "400") << input;
    EXPECT_TRUE(session_->WantsClose()) << input;
    EXPECT_EQ(session_->cut().word, "bad_request") << input;
    EXPECT_EQ(Ask(kHealth), "") << "heard after its end";
  }
  EXPECT_EQ(StatusOf("GET /health HTTP/2.0\r\nHost: me\r\n\r\n"), "505");
  // Lines end in CR LF, nothing less.
  EXPECT_EQ(StatusOf("GET /health HTTP/1.1\nHost: me\n\n"), "505");
}

TEST_F(Http1SessionTest, BoundsHeadersBodiesAndPipelines) {
  EXPECT_EQ(StatusOf("GET /health HTTP/1.1\r\nHost: me\r\nX: " + std::string(9000, 'x')), "431");
  EXPECT_EQ(session_->cut().word, "request_too_large");
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: 3000000\r\n\r\n"), "413");
  EXPECT_EQ(session_->cut().word, "request_too_large");
  Open();
  EXPECT_EQ(Ask("GET /later HTTP/1.1\r\nHost: me\r\n\r\n"), "");
  for (int i = 0; i < 3000; ++i) session_->Receive(kHealth, kNowUs);
  waiting_[0].Respond({.body = "at last"});
  EXPECT_TRUE(Take(session_.get()).ends_with("connection: close\r\n\r\nat last"));
  EXPECT_TRUE(session_->WantsClose());
  EXPECT_EQ(session_->cut().word, "too_much_pipelined");
}

TEST_F(Http1SessionTest, AnswersLaterAndOnce) {
  EXPECT_EQ(Ask("GET /later?a=b HTTP/1.1\r\nHost: me\r\n\r\n" + kHealth), "");
  EXPECT_EQ(query_, "a=b");
  EXPECT_EQ(host_.wanted, 0);
  waiting_[0].Respond({.body = "first"});
  EXPECT_EQ(host_.wanted, 1);
  const std::string answer = Take(session_.get());
  EXPECT_NE(answer.find("first"), std::string::npos);
  EXPECT_TRUE(answer.ends_with(kHealthy)) << "what was pipelined comes after it";
  EXPECT_EQ(Ask("GET /later HTTP/1.1\r\nHost: me\r\n\r\n"), "");
  waiting_[0].Respond({.body = "a second answer to the first"});
  EXPECT_EQ(Take(session_.get()), "");
  session_.reset();
  waiting_[1].Respond({.body = "to nobody"});
}

TEST_F(Http1SessionTest, ClosesWhenTheClientWishes) {
  EXPECT_TRUE(Ask("GET /health HTTP/1.0\r\n\r\n").find("connection: close") != std::string::npos);
  EXPECT_TRUE(session_->WantsClose());
  Open();
  (void)Ask("GET /health HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(session_->WantsClose());
}

TEST_F(Http1SessionTest, TellsAClientToContinue) {
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: me\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(Ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(Ask("ok").ends_with("\r\n\r\nok"));
}

TEST_F(Http1SessionTest, LosesPatience) {
  Open({.request_timeout_us = 100, .idle_timeout_us = 1000});
  EXPECT_EQ(session_->NextWakeUs(), kNowUs + 1000);
  session_->OnTime(kNowUs + 1000);
  EXPECT_TRUE(session_->WantsClose());
  EXPECT_EQ(session_->cut().word, "") << "to be idle is no fault";
  Open({.request_timeout_us = 100, .idle_timeout_us = 1000});
  EXPECT_EQ(Ask("GET /hea"), "");
  EXPECT_EQ(session_->NextWakeUs(), kNowUs + 100);
  session_->OnTime(kNowUs + 100);
  EXPECT_TRUE(Take(session_.get()).starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(session_->cut().word, "no_request_in_time");
  EXPECT_TRUE(session_->WantsClose());
}

TEST_F(Http1SessionTest, DrainsAfterTheAnswerUnderWay) {
  EXPECT_EQ(Ask("GET /later HTTP/1.1\r\nHost: me\r\n\r\n"), "");
  session_->StartDrain(kNowUs);
  EXPECT_FALSE(session_->WantsClose());
  waiting_[0].Respond({.body = "done"});
  EXPECT_NE(Take(session_.get()).find("connection: close"), std::string::npos);
  EXPECT_TRUE(session_->WantsClose());
  Open();
  session_->StartDrain(kNowUs);
  EXPECT_TRUE(session_->WantsClose());
}

TEST_F(Http1SessionTest, HoldsPipelinedRequestsBackWhileTheSocketIsFull) {
  Open();
  std::string input;
  for (int i = 0; i < 100; ++i) input += "GET /large HTTP/1.1\r\nHost: me\r\n\r\n";
  session_->Receive(input, kNowUs);
  OutputQueue out;
  size_t received = 0;
  size_t turns = 0;
  while (received <= 100'000'000 && ++turns < 10'000) {
    received += TakeSome(session_.get(), &out, 100'000).size();
    ASSERT_LE(out.size_bytes(), 1'200'000u);
  }
  EXPECT_GT(received, 100'000'000u);
}

}  // namespace
}  // namespace keel::net
