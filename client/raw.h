// The raw door: any method of any service, by its path and its Protobuf messages.
//
// For what the typed views do not cover, and for tools that speak to one given member. The client's
// pool, retries, deadlines and credentials apply; prefixes do not.
#pragma once

#include <google/protobuf/message_lite.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/client.h"

namespace keel::client {

// What may be done about a failed attempt.
enum class Retry : uint8_t {
  // Nothing at all.
  kNever,
  // Repeated where it is certain that it was not carried out.
  kSafe,
  // Repeated whenever it may help: for reads, and what may be done twice without harm.
  kIdempotent,
  // A command of the client's session: repeated whenever it may help, and carried out once.
  kOnce,
};

struct RawOptions {
  Target target;
  Retry retry = Retry::kSafe;
  // Instead of Options::timeout; 0 is none.
  std::optional<Milliseconds> timeout;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// One request, one answer, as bytes.
Operation StartRaw(const Client& client, const std::string& path, std::string request,
                   const RawOptions& options, Done<Result<std::string>> done);

// Waits. `path` is "/package.Service/Method". `*response` is set when the Status is OK.
Status Call(const Client& client, const std::string& path,
            const google::protobuf::MessageLite& request, google::protobuf::MessageLite* response,
            const RawOptions& options = {});

// By completion token; the answer is a Result<Response>.
template <class Response, class Token>
auto AsyncCall(const Client& client, std::string path, const google::protobuf::MessageLite& request,
               RawOptions options, Token&& token) {
  return internal::Initiate<Result<Response>>(
      [&client, path = std::move(path), bytes = request.SerializeAsString(),
       options = std::move(options)](Done<Result<Response>> done) mutable {
        return StartRaw(client, path, std::move(bytes), options,
                        [done = std::move(done)](Result<std::string> answer) mutable {
                          if (!answer.ok()) return done(answer.status());
                          Response response;
                          if (!response.ParseFromString(*answer)) {
                            return done(Internal("the answer cannot be read"));
                          }
                          done(std::move(response));
                        });
      },
      std::forward<Token>(token));
}

// A streaming call, read and written by waiting. It goes to one member and ends with it: carrying
// on elsewhere is its maker's (Watcher and Lease do so). Destroying it cancels it. One thread reads
// and one writes, perhaps the same; Cancel from any.
class RawStream {
 public:
  RawStream(const Client& client, const std::string& path, const RawOptions& options = {});
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;
  ~RawStream();

  // Waits while the server is slow to take. False: the stream is over, and Read says why.
  [[nodiscard]] bool Write(const google::protobuf::MessageLite& message);
  // Nothing more will be written.
  void CloseWrites();
  // Waits for a message. False: there are no more, and status() says how it ended.
  [[nodiscard]] bool Read(google::protobuf::MessageLite* message);
  // The same, with the message as it came.
  [[nodiscard]] bool ReadBytes(std::string* message);
  void Cancel();
  // After Read has said false.
  [[nodiscard]] Status status() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace keel::client
