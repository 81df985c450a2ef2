#include "tools/keelctl/calls/interrupt.h"

#include <csignal>

namespace keel::ctl::interrupt {
namespace {

volatile std::sig_atomic_t asked = 0;

void OnSignal(int /*number*/) { asked = 1; }

}  // namespace

void Install() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

bool Asked() { return asked != 0; }
void Forget() { asked = 0; }

}  // namespace keel::ctl::interrupt
