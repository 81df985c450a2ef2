// An archiver in a simulated world: its two executors, its store in a directory of a test's disk,
// and itself, as a member's process holds them. What it sees of the member outlives it.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "server/archive/archiver.h"
#include "tests/node/support/world.h"

namespace keel::node_test {

struct SimArchiver {
  static constexpr SimExecutor::Pace kUsual{.least_us = 0, .most_us = 20'000};

  struct Place {
    World* world = nullptr;
    const Clock* clock = nullptr;  // the member's
    FileSystem* files = nullptr;
    std::string directory;
    server::ArchiveSource* source = nullptr;
  };
  using Tell = std::function<void(bool is_error, const std::string& line)>;
  SimArchiver(
      const Place& place, const server::Archiver::Options& options,
      Tell tell = [](bool, const std::string&) {})
      : ship(place.world, kUsual),
        base(place.world, {}),
        store({.files = place.files,
               .directory = place.directory,
               .writer = std::to_string(options.member.value())}),
        archiver(options, {.clock = place.clock,
                           .executor = &ship,
                           .base_executor = &base,
                           .files = place.files,
                           .store = &store,
                           .prepare = [this] { return store.Prepare(); },
                           .source = place.source,
                           .log = std::move(tell)}) {
    archiver.Start();
  }

  SimExecutor ship;
  SimExecutor base;
  backup::DirectoryStore store;
  server::Archiver archiver;
};

}  // namespace keel::node_test
