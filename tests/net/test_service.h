// A service that shows every kind of call, in raw bytes: what the tests, the Python client and the
// benchmark talk to. It obeys back pressure, as a real one must.
//
//   /keel.test.Echo/Unary    the request
//   /keel.test.Echo/Fail     the request's first byte is the code, the rest the message
//   /keel.test.Echo/Never    no answer, ever
//   /keel.test.Echo/Fields   the request; "x-echo" and "x-echo-bin" come back as headers and
//   trailers /keel.test.Echo/Count    "<messages> <bytes each>": so many messages, numbered in
//   their first 8 /keel.test.Echo/Upload   any messages; at the end, "<messages> <bytes>"
//   /keel.test.Echo/Chat     each message as it comes
#pragma once

#include <cstdint>

#include "net/http.h"
#include "net/method_table.h"

namespace keel::net {

// What went on, for tests to look at; one executor.
struct TestServiceLog {
  uint64_t unary = 0;
  uint64_t cancelled = 0;
  // Handlers alive.
  uint64_t open = 0;
  // Calls of Never, still to be answered.
  std::vector<ServerCall> waiting;
  uint64_t writes_refused = 0;
};

// `log` outlives the table.
void AddTestService(MethodTable* table, TestServiceLog* log);
// GET /health, GET /large, POST /echo.
void AddTestPages(HttpTable* table);

}  // namespace keel::net
