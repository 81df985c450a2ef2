// SIGINT and SIGTERM as a question to ask: has somebody told us to stop?
//
// Install once, in main, before any thread starts. Asked() may be called from any thread; whatever
// waits for something else asks it every few milliseconds.
#pragma once

namespace keel::ctl::interrupt {

void Install();
[[nodiscard]] bool Asked();
// Forgets what was asked: the shell goes on after a command was interrupted.
void Forget();

}  // namespace keel::ctl::interrupt
