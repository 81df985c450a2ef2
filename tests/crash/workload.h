// What the crash enumeration breaks: work on a simulated disk that knows at every moment what it
// was promised.
//
// Run does the work; while it runs, the enumerator stops it before every operation that changes the
// disk, takes an image for every way of losing data, and has Check open and judge each. So Check is
// called in the middle of Run, and judges by what Run had been promised up to there: it must not
// touch the disk that Run works on, nor anything else that Run would notice. Everything follows
// from the seed. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/simfs/image.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::crash {

class Workload {
 public:
  Workload() = default;
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  virtual ~Workload() = default;

  // Empty, or what went wrong without any crash.
  virtual std::string Run(simfs::SimulatedFileSystem* files) = 0;
  // Bad weather that the workload wants for itself; asked after the images are taken.
  virtual simfs::Fault OnOperation(const simfs::Operation& operation);
  // Empty, or what is wrong with the image: opened, compared, continued. `seed` for whatever it
  // leaves to chance.
  virtual std::string Check(const simfs::Image& image, uint64_t seed) = 0;
  // Changes whenever the same image could be judged differently.
  [[nodiscard]] virtual uint64_t Expectation() const = 0;
};

inline simfs::Fault Workload::OnOperation(const simfs::Operation&) { return {}; }

// A kind of workload, by the name that the command line knows.
struct WorkloadKind {
  std::string name;
  std::function<std::unique_ptr<Workload>(uint64_t seed)> make;
};

}  // namespace keel::crash
