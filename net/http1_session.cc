#include "net/http1_session.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "net/cut_words.h"

namespace keel::net {

namespace http = boost::beast::http;

namespace {

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// By the status that a request is refused with.
Session::Cut CutOf(int status) {
  if (status == 408)
    return {.word = cut_words::kNoRequestInTime, .detail = "a request was not finished"};
  if (status == 413) return {.word = cut_words::kRequestTooLarge, .detail = "the body"};
  if (status == 431) return {.word = cut_words::kRequestTooLarge, .detail = "the header fields"};
  return {.word = cut_words::kBadRequest, .detail = "it is not HTTP/1.1 as this member takes it"};
}

int StatusOfError(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

}  // namespace

struct Http1Session::Parser {
  explicit Parser(const Http1Options& options) {
    request.header_limit(options.header_bytes_max);
    request.body_limit(options.body_bytes_max);
    request.eager(true);
  }

  http::request_parser<http::string_body> request;
  bool told_to_continue = false;
};

Http1Session::Http1Session(const Http1Options& options, Environment environment, uint64_t now_us)
    : options_(options),
      environment_(std::move(environment)),
      id_(environment_.registry->Add(static_cast<HttpSink*>(this))),
      since_us_(now_us),
      now_us_(now_us) {}

Http1Session::~Http1Session() { environment_.registry->Remove(id_); }

// ---- Session ----

void Http1Session::Receive(std::string_view bytes, uint64_t now_us) {
  now_us_ = now_us;
  if (state_ == State::kClosing) return;
  input_.append(bytes);
  driving_ = true;
  Parse();
  driving_ = false;
  if (state_ == State::kAnswering && input_.size() > options_.pipelined_bytes_max) {
    // Answer this one, then end: the rest is forgotten.
    cut_ = {.word = cut_words::kTooMuchPipelined,
            .detail = "requests behind one that is not answered yet"};
    keep_alive_ = false;
    input_.clear();
  }
}

void Http1Session::Produce(OutputQueue* out) {
  driving_ = true;
  do {
    out->Append(std::exchange(answer_, {}));
    // What was pipelined behind the answer is looked at only when the socket has room for more.
    if (out->size_bytes() >= options_.pipelined_bytes_max) break;
    Parse();
  } while (!answer_.empty());
  driving_ = false;
}

void Http1Session::OnTime(uint64_t now_us) {
  now_us_ = now_us;
  if (now_us < NextWakeUs()) return;
  if (state_ == State::kReading) return Refuse(408);
  state_ = State::kClosing;
}

uint64_t Http1Session::NextWakeUs() const {
  switch (state_) {
    case State::kIdle:
      return since_us_ + options_.idle_timeout_us;
    case State::kReading:
      return since_us_ + options_.request_timeout_us;
    case State::kAnswering:
    case State::kClosing:
      return kNever;
  }
  return kNever;
}

void Http1Session::StartDrain(uint64_t now_us) {
  now_us_ = now_us;
  keep_alive_ = false;
  if (state_ == State::kIdle) state_ = State::kClosing;
  if (!driving_) environment_.host->WantsFlush();
}

bool Http1Session::WantsClose() const { return state_ == State::kClosing && answer_.empty(); }

void Http1Session::OnTransportClosed(const Status&) { state_ = State::kClosing; }

// ---- a request comes in ----

void Http1Session::Parse() {
  while ((state_ == State::kIdle || state_ == State::kReading) && !input_.empty()) {
    if (state_ == State::kIdle) {
      parser_ = std::make_unique<Parser>(options_);
      state_ = State::kReading;
      since_us_ = now_us_;
    }
    boost::beast::error_code error;
    const size_t taken =
        parser_->request.put(boost::asio::buffer(input_.data(), input_.size()), error);
    input_.erase(0, taken);
    if (error && error != http::error::need_more) return Refuse(StatusOfError(error));
    if (parser_->request.is_done()) return Dispatch();
    if (parser_->request.is_header_done() && !parser_->told_to_continue &&
        boost::beast::iequals(parser_->request.get()[http::field::expect], "100-continue")) {
      parser_->told_to_continue = true;
      answer_.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (error == http::error::need_more || taken == 0) return;
  }
}

void Http1Session::Dispatch() {
  const auto& message = parser_->request.get();
  const auto hosts = message.equal_range(http::field::host);
  const auto host_count = std::distance(hosts.first, hosts.second);
  if (host_count > 1 || (message.version() == 11 && host_count == 0)) return Refuse(400);
  const std::string_view target = View(message.target());
  if (!target.starts_with('/')) return Refuse(400);
  state_ = State::kAnswering;
  ++request_number_;
  keep_alive_ = keep_alive_ && message.keep_alive();
  const std::string method(View(message.method_string()));
  head_request_ = method == "HEAD";
  const size_t question = std::min(target.find('?'), target.size());
  const std::string path(target.substr(0, question));
  Metadata headers;
  for (const auto& field : message) {
    headers.Add({LowerCase(View(field.name_string())), View(field.value())});
  }
  const HttpTable::Match match = environment_.table->Find(method, path);
  const CallId call{id_, StreamId(request_number_)};
  if (match.handler == nullptr) {
    const char* const text = match.status == 405 ? "method not allowed\n" : "not found\n";
    return Respond(call, {.status = match.status, .body = text});
  }
  (*match.handler)(HttpCall(environment_.registry, call),
                   {.method = method,
                    .path = path,
                    .query = target.substr(std::min(question + 1, target.size())),
                    .headers = headers,
                    .body = message.body(),
                    .peer = environment_.peer});
}

void Http1Session::Refuse(int status) {
  keep_alive_ = false;
  head_request_ = false;
  input_.clear();
  cut_ = CutOf(status);
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  Format({.status = status, .body = std::string(View(reason)) + "\n"}, true);
  state_ = State::kClosing;
}

// ---- an answer goes out ----

void Http1Session::Respond(CallId call, HttpResponse response) {
  if (state_ != State::kAnswering || call.stream.value() != request_number_) return;
  Format(response, !head_request_);
  state_ = keep_alive_ ? State::kIdle : State::kClosing;
  since_us_ = now_us_;
  if (!driving_) environment_.host->WantsFlush();
}

void Http1Session::Format(const HttpResponse& response, bool with_body) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
  answer_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  answer_.append(View(reason)).append("\r\ncontent-type: ").append(response.content_type);
  answer_.append("\r\ncontent-length: ").append(std::to_string(response.body.size()));
  if (!keep_alive_) answer_.append("\r\nconnection: close");
  answer_.append("\r\n\r\n");
  if (with_body) answer_.append(response.body);
}

}  // namespace keel::net
