// What of Asio the shell's own sources share; included by .cc files of net/ only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/status.h"
#include "net/asio_executor.h"
#include "net/ready_set.h"

namespace keel::net {

struct AsioExecutor::Io {
  // One thread runs it: Asio may leave out what only several would need.
  boost::asio::io_context context{1};
  boost::asio::steady_timer timer{context};
  // Keeps Run waiting when there is nothing to do.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  ReadySet sockets{&context};
};

// A failed operation on a socket: UNAVAILABLE, with the system's words.
[[nodiscard]] inline Status SocketStatus(const boost::system::error_code& error,
                                         std::string_view context) {
  return Unavailable(std::string(context) + ": " + error.message());
}

}  // namespace keel::net
