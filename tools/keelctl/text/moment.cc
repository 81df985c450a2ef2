#include "tools/keelctl/text/moment.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include "base/numbers.h"

namespace keel::ctl {

namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr uint64_t kMsPerS = 1000;
constexpr uint64_t kMsPerMinute = 60 * kMsPerS;
constexpr uint64_t kMsPerDay = 24 * 60 * kMsPerMinute;

// Takes what a moment is made of from the front of the text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  unsigned Digits(size_t count, unsigned greatest) {
    const auto number = ParseNumber<unsigned>(rest_.substr(0, count));
    ok_ = ok_ && rest_.size() >= count && number.has_value() && *number <= greatest;
    if (ok_) rest_.remove_prefix(count);
    return ok_ ? *number : 0;
  }
  bool Take(char wanted) {
    const bool there = ok_ && !rest_.empty() && rest_.front() == wanted;
    if (there) rest_.remove_prefix(1);
    return there;
  }
  void Need(char wanted) { ok_ = Take(wanted) && ok_; }
  void Fail() { ok_ = false; }
  // One to three digits behind the point, as milliseconds.
  unsigned Decimals() {
    unsigned ms = 0;
    unsigned worth = 100;
    const size_t before = rest_.size();
    for (; worth > 0 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
         worth /= 10) {
      ms += static_cast<unsigned>(rest_.front() - '0') * worth;
      rest_.remove_prefix(1);
    }
    ok_ = ok_ && rest_.size() < before;
    return ms;
  }
  [[nodiscard]] bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<uint64_t> ParseRfc3339(std::string_view text) {
  Cursor at(text);
  const unsigned year = at.Digits(4, 9999);
  at.Need('-');
  const unsigned month = at.Digits(2, 12);
  at.Need('-');
  const unsigned day = at.Digits(2, 31);
  if (!at.Take('T') && !at.Take('t') && !at.Take(' ')) at.Fail();
  uint64_t ms = at.Digits(2, 23) * 60 * kMsPerMinute;
  at.Need(':');
  ms += at.Digits(2, 59) * kMsPerMinute;
  at.Need(':');
  ms += at.Digits(2, 60) * kMsPerS;
  if (at.Take('.')) ms += at.Decimals();
  int64_t offset_ms = 0;
  if (!at.Take('Z') && !at.Take('z')) {
    const int64_t sign = at.Take('-') ? -1 : 1;
    if (sign > 0) at.Need('+');
    const uint64_t hours = at.Digits(2, 23);
    at.Need(':');
    offset_ms = sign * static_cast<int64_t>((hours * 60 + at.Digits(2, 59)) * kMsPerMinute);
  }
  const year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                            std::chrono::day(day)};
  if (!at.AtEnd() || !date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  const int64_t moment =
      days * static_cast<int64_t>(kMsPerDay) + static_cast<int64_t>(ms) - offset_ms;
  if (moment < 0) return std::nullopt;
  return static_cast<uint64_t>(moment);
}

}  // namespace

std::string FormatMoment(uint64_t ms_since_1970) {
  const auto days = std::chrono::days(ms_since_1970 / kMsPerDay);
  const year_month_day date{sys_days(days)};
  const uint64_t ms = ms_since_1970 % kMsPerDay;
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<unsigned>(ms / kMsPerMinute / 60),
                static_cast<unsigned>(ms / kMsPerMinute % 60),
                static_cast<unsigned>(ms / kMsPerS % 60), static_cast<unsigned>(ms % kMsPerS));
  return text;
}

Result<uint64_t> ParseMoment(std::string_view text) {
  if (const auto number = ParseNumber<uint64_t>(text); number.has_value()) return *number;
  if (const auto moment = ParseRfc3339(text); moment.has_value()) return *moment;
  return InvalidArgument("\"" + std::string(text) +
                         "\" is no moment: 2026-11-21T12:00:00.123Z, 2026-11-21T13:00:00+01:00, or "
                         "milliseconds since 1970");
}

}  // namespace keel::ctl
