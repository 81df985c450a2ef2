// keelctl: the command line of Keel, and of any etcd v3 cluster.
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/command/command.h"

int main(int argc, char** argv) {
  keel::ctl::interrupt::Install();
  keel::ctl::Environment environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable(*each);
    if (const size_t equals = variable.find('='); equals != std::string_view::npos) {
      environment[std::string(variable.substr(0, equals))] = variable.substr(equals + 1);
    }
  }
  const std::vector<std::string> line(argv + 1, argv + argc);
  keel::ctl::Terminal terminal;
  return static_cast<int>(keel::ctl::RunLine(line, environment, &terminal));
}
