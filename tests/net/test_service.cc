#include "tests/net/test_service.h"

#include <charconv>
#include <memory>
#include <string>
#include <utility>

namespace keel::net {

namespace {

class Counted : public CallHandler {
 public:
  Counted(ServerCall call, TestServiceLog* log) : call_(call), log_(log) { ++log_->open; }
  ~Counted() override { --log_->open; }

  void OnCancelled(const Status&) override { ++log_->cancelled; }

 protected:
  [[nodiscard]] ServerCall call() const { return call_; }
  [[nodiscard]] TestServiceLog* log() const { return log_; }

 private:
  ServerCall call_;
  TestServiceLog* log_;
};

uint64_t TakeNumber(std::string_view* text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  if (text->starts_with(' ')) text->remove_prefix(1);
  return number;
}

class Count final : public Counted {
 public:
  using Counted::Counted;

  Flow OnMessage(std::string_view message) override {
    messages_ = TakeNumber(&message);
    bytes_each_ = TakeNumber(&message);
    return Flow::kMore;
  }
  void OnHalfClose() override { Go(); }
  void OnWritable() override { Go(); }

 private:
  void Go() {
    while (sent_ < messages_) {
      std::string message(std::max<uint64_t>(bytes_each_, 8), '.');
      for (int i = 0; i < 8; ++i) message[i] = static_cast<char>(sent_ >> (8 * i));
      const WriteResult result = call().Write(Payload::Of(std::move(message)));
      if (result == WriteResult::kGone) return;
      if (result == WriteResult::kRefused) {
        ++log()->writes_refused;
        return;
      }
      ++sent_;
      if (result == WriteResult::kFull) return;
    }
    call().Finish(Status());
  }

  uint64_t messages_ = 0;
  uint64_t bytes_each_ = 0;
  uint64_t sent_ = 0;
};

class Upload final : public Counted {
 public:
  using Counted::Counted;

  Flow OnMessage(std::string_view message) override {
    ++messages_;
    bytes_ += message.size();
    return Flow::kMore;
  }
  void OnHalfClose() override {
    call().Reply(Payload::Of(std::to_string(messages_) + " " + std::to_string(bytes_)));
  }

 private:
  uint64_t messages_ = 0;
  uint64_t bytes_ = 0;
};

class Chat final : public Counted {
 public:
  using Counted::Counted;

  Flow OnMessage(std::string_view message) override {
    const WriteResult result = call().Write(Payload::Of(std::string(message)));
    if (result == WriteResult::kRefused) {
      held_ = message;
      has_held_ = true;
    }
    return result == WriteResult::kMore ? Flow::kMore : Flow::kPause;
  }
  void OnHalfClose() override { call().Finish(Status()); }
  void OnWritable() override {
    if (has_held_ && call().Write(Payload::Of(held_)) == WriteResult::kRefused) return;
    has_held_ = false;
    call().ResumeReads();
  }

 private:
  std::string held_;
  bool has_held_ = false;
};

template <class Handler>
StreamingMethod Streaming(TestServiceLog* log) {
  return [log](ServerCall call, const CallContext&) -> std::unique_ptr<CallHandler> {
    return std::make_unique<Handler>(call, log);
  };
}

void Fields(ServerCall call, const CallContext& context, std::string_view request) {
  Metadata echoed;
  for (const std::string_view name : {"x-echo", "x-echo-bin"}) {
    if (const auto value = context.metadata.Find(name)) echoed.Add({name, *value});
  }
  call.SendMetadata(echoed);
  call.Finish({.status = {},
               .message = Payload::Of(std::string(request)),
               .has_message = true,
               .trailers = echoed});
}

}  // namespace

void AddTestService(MethodTable* table, TestServiceLog* log) {
  table->AddUnary("/keel.test.Echo/Unary",
                  [log](ServerCall call, const CallContext&, std::string_view request) {
                    ++log->unary;
                    call.Reply(Payload::Of(std::string(request)));
                  });
  table->AddUnary(
      "/keel.test.Echo/Fail", [](ServerCall call, const CallContext&, std::string_view request) {
        const Code code = request.empty() ? Code::kInternal : static_cast<Code>(request[0]);
        call.Finish(Status(code, std::string(request.substr(request.empty() ? 0 : 1))));
      });
  table->AddUnary("/keel.test.Echo/Never",
                  [log](ServerCall call, const CallContext&, std::string_view) {
                    log->waiting.push_back(call);
                  });
  table->AddUnary("/keel.test.Echo/Fields", Fields);
  table->AddStreaming("/keel.test.Echo/Count", Streaming<Count>(log));
  table->AddStreaming("/keel.test.Echo/Upload", Streaming<Upload>(log));
  table->AddStreaming("/keel.test.Echo/Chat", Streaming<Chat>(log));
}

void AddTestPages(HttpTable* table) {
  table->Add({.method = "GET", .path = "/health"}, [](HttpCall call, const HttpRequest&) {
    call.Respond({.content_type = "application/json", .body = R"({"health":"true","reason":""})"});
  });
  table->Add({.method = "GET", .path = "/large"}, [](HttpCall call, const HttpRequest&) {
    call.Respond({.body = std::string(1'000'000, 'x')});
  });
  table->Add({.method = "POST", .path = "/echo"}, [](HttpCall call, const HttpRequest& request) {
    call.Respond({.body = std::string(request.body)});
  });
}

}  // namespace keel::net
