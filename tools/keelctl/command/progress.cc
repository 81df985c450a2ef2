#include "tools/keelctl/command/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings(100);
constexpr std::chrono::seconds kBetweenLines(5);
constexpr size_t kBarWidth = 24;

}  // namespace

Progress::Progress(Terminal* terminal, Options options)
    : terminal_(terminal), options_(std::move(options)), draws_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

std::string Progress::Bar(double part, size_t width) {
  const auto full = static_cast<size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width));
  std::string bar(full, '=');
  if (full < width) bar += '>' + std::string(width - full - 1, ' ');
  return "[" + bar + "]";
}

std::string Progress::Line(const Options& options, uint64_t done, double seconds) {
  const auto amount = static_cast<double>(done);
  const double rate = seconds > 0 ? amount / seconds : 0;
  std::string line = options.what + " " + options.write(amount);
  if (options.total > 0) {
    const auto total = static_cast<double>(options.total);
    line += " of " + options.write(total) + ", " + Fixed(100 * amount / total, 0) + "%";
  }
  line += ", " + options.write(rate) + "/s";
  if (options.total > done && rate > 0) {
    line += ", " + HumanSeconds(static_cast<double>(options.total - done) / rate) + " left";
  }
  return line;
}

void Progress::Update(uint64_t done) {
  const auto now = Clock::now();
  const Clock::duration pause = draws_ ? Clock::duration(kBetweenDrawings) : kBetweenLines;
  if (now - shown_ < pause) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const std::string line = Line(options_, done, seconds);
  if (!draws_) return terminal_->Note(line);
  drawn_ = true;
  std::string drawing = "\r\x1b[K";
  if (options_.total > 0) {
    drawing +=
        Bar(static_cast<double>(done) / static_cast<double>(options_.total), kBarWidth) + " ";
  }
  std::fputs((drawing + line).c_str(), stderr);
}

}  // namespace keel::ctl
