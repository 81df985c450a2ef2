#include "tools/keelctl/command/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tools/keelctl/calls/interrupt.h"

namespace keel::ctl {
namespace {

constexpr int kLookMs = 50;

std::string_view CodeOf(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kCyan:
      return "36";
    case Colour::kPlain:
      break;
  }
  return "0";
}

}  // namespace

Terminal::Terminal()
    : is_terminal_(isatty(STDOUT_FILENO) == 1),
      coloured_(is_terminal_ && std::getenv("NO_COLOR") == nullptr) {}

void Terminal::Out(std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Terminal::Note(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

std::string Terminal::Paint(Colour colour, const std::string& text) const {
  if (!coloured_ || colour == Colour::kPlain) return text;
  return "\x1b[" + std::string(CodeOf(colour)) + "m" + text + "\x1b[0m";
}

Terminal::Size Terminal::size() const {
  struct winsize window {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return {};
  return {.columns = window.ws_col, .rows = window.ws_row};
}

bool Terminal::Fill() {
  std::array<char, 16384> buffer{};
  while (!interrupt::Asked()) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = poll(&input, 1, kLookMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    pending_.append(buffer.data(), static_cast<size_t>(got));
    return true;
  }
  return false;
}

std::optional<std::string> Terminal::ReadLine(bool take_unended) {
  size_t end = pending_.find('\n');
  while (end == std::string::npos) {
    if (!Fill()) {
      if (!take_unended || pending_.empty()) return std::nullopt;
      return std::exchange(pending_, "");
    }
    end = pending_.find('\n');
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

std::string Terminal::ReadAll() {
  while (Fill()) {
  }
  return std::exchange(pending_, "");
}

std::optional<std::string> Terminal::AskPassword(std::string_view prompt) {
  if (isatty(STDIN_FILENO) != 1) return ReadLine(true);
  std::fwrite(prompt.data(), 1, prompt.size(), stderr);
  struct termios before {};
  tcgetattr(STDIN_FILENO, &before);
  struct termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  auto line = ReadLine(true);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::fputc('\n', stderr);
  return line;
}

}  // namespace keel::ctl
