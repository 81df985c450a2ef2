#include "tools/keelctl/text/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

struct Unit {
  std::string_view name;
  double size;
};

// Takes "12.5" off the front; nothing if there is no number.
Result<double> TakeNumber(std::string_view* text) {
  double number = 0;
  const auto [last, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc()) return InvalidArgument("a number is missing");
  text->remove_prefix(static_cast<size_t>(last - text->data()));
  return number;
}

std::string WithoutTrailingZeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

// nanoseconds / unit, exactly.
std::string Fraction(uint64_t nanoseconds, uint64_t unit, int digits) {
  std::string rest = std::to_string(nanoseconds % unit);
  rest.insert(0, static_cast<size_t>(digits) - rest.size(), '0');
  return WithoutTrailingZeros(std::to_string(nanoseconds / unit) + "." + rest);
}

}  // namespace

std::string Fixed(double number, int decimals) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, number);
  return buffer.data();
}

std::string HumanBytes(uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kSuffixes = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 10) return std::to_string(bytes) + " B";
  const auto number = static_cast<double>(bytes);
  const double power = std::floor(std::log(number) / std::log(1000.0));
  const double value = std::floor(number / std::pow(1000.0, power) * 10 + 0.5) / 10;
  return Fixed(value, value < 10 ? 1 : 0) + " " +
         std::string(kSuffixes[static_cast<size_t>(power)]);
}

Result<uint64_t> ParseBytes(std::string_view text) {
  constexpr std::array<Unit, 18> kUnits = {{{"", 1},
                                            {"B", 1},
                                            {"k", 1e3},
                                            {"K", 1e3},
                                            {"kB", 1e3},
                                            {"KB", 1e3},
                                            {"M", 1e6},
                                            {"MB", 1e6},
                                            {"G", 1e9},
                                            {"GB", 1e9},
                                            {"T", 1e12},
                                            {"TB", 1e12},
                                            {"KiB", 1024.0},
                                            {"Ki", 1024.0},
                                            {"MiB", 1048576.0},
                                            {"Mi", 1048576.0},
                                            {"GiB", 1073741824.0},
                                            {"TiB", 1099511627776.0}}};
  std::string_view rest = Trim(text);
  const auto number = TakeNumber(&rest);
  rest = Trim(rest);
  for (const Unit& unit : kUnits) {
    if (number.ok() && *number >= 0 && rest == unit.name) {
      return static_cast<uint64_t>(*number * unit.size + 0.5);
    }
  }
  return InvalidArgument(Quote(text) + " is not a size: write 10MB, 2GiB or a number of bytes");
}

std::string FormatDuration(uint64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  if (nanoseconds < 1000) return std::to_string(nanoseconds) + "ns";
  if (nanoseconds < 1000000) return Fraction(nanoseconds, 1000, 3) + "µs";
  if (nanoseconds < 1000000000) return Fraction(nanoseconds, 1000000, 6) + "ms";
  const uint64_t minutes = nanoseconds / 60000000000ULL;
  std::string out;
  if (minutes >= 60) out = std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + Fraction(nanoseconds % 60000000000ULL, 1000000000, 9) + "s";
}

Result<uint64_t> ParseDurationUs(std::string_view text) {
  constexpr std::array<Unit, 7> kUnits = {
      {{"ns", 1e-3}, {"us", 1}, {"µs", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 6e7}, {"h", 3.6e9}}};
  if (text == "0") return uint64_t{0};
  const Status refusal =
      InvalidArgument(Quote(text) + " is not a duration: write 5s, 250ms or 1m30s");
  std::string_view rest = text;
  if (rest.empty()) return refusal;
  double total = 0;
  while (!rest.empty()) {
    const auto number = TakeNumber(&rest);
    if (!number.ok() || *number < 0) return refusal;
    const size_t letters = rest.find_first_of("0123456789.");
    const std::string_view name = rest.substr(0, letters);
    bool known = false;
    for (const Unit& unit : kUnits) {
      if (unit.name != name) continue;
      total += *number * unit.size;
      known = true;
    }
    if (!known || total > 1e18) return refusal;
    rest.remove_prefix(name.size());
  }
  return static_cast<uint64_t>(total + 0.5);
}

std::string HumanSeconds(double seconds) {
  constexpr std::array<Unit, 5> kUnits = {
      {{"y", 31536000}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}};
  if (seconds < 1) return "0s";
  std::string out;
  int shown = 0;
  for (const Unit& unit : kUnits) {
    if (shown == 2) break;
    const double count = std::floor(seconds / unit.size);
    if (count < 1) {
      if (shown == 1) break;
      continue;
    }
    if (shown++ > 0) out += ' ';
    out += Fixed(count, 0) + std::string(unit.name);
    seconds -= count * unit.size;
  }
  return out;
}

std::string HumanCount(double count) {
  constexpr std::array<Unit, 3> kUnits = {{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}}};
  for (const Unit& unit : kUnits) {
    if (count < unit.size * 0.9995) continue;
    const double value = count / unit.size;
    return Fixed(value, value < 99.95 ? 1 : 0) + std::string(unit.name);
  }
  return Fixed(count, count < 9.95 && count != std::floor(count) ? 1 : 0);
}

}  // namespace keel::ctl
