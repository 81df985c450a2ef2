// keel-check: judges a recorded history, by Keel or by any other store.
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "jepsen/checker/arguments.h"
#include "jepsen/checker/print.h"
#include "jepsen/report/page.h"

namespace {

constexpr int kNotUnderstood = 3;

int Fail(const keel::Status& status) {
  std::fprintf(stderr, "keel-check: %s\n", std::string(status.message()).c_str());
  return kNotUnderstood;
}

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

keel::Result<std::string> ReadAll(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin
                                                           : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return keel::ErrnoStatus(errno, "reading " + path);
  std::string text;
  char buffer[1 << 16];
  while (const size_t count = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    text.append(buffer, count);
  }
  if (std::ferror(file.get()) != 0) return keel::ErrnoStatus(errno, "reading " + path);
  return text;
}

keel::Status WriteAll(const std::string& path, const std::string& text) {
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wb"));
  if (file == nullptr) return keel::ErrnoStatus(errno, "writing " + path);
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  const bool is_closed = std::fclose(file.release()) == 0;
  if (!is_written || !is_closed) return keel::ErrnoStatus(errno, "writing " + path);
  return {};
}

keel::Result<keel::jepsen::Report> CheckFile(const keel::jepsen::Arguments& arguments) {
  auto text = ReadAll(arguments.file);
  if (!text.ok()) return text.status();
  auto history = keel::jepsen::ParseHistory(*text);
  if (!history.ok()) return history.status().WithContext(arguments.file);
  auto paired = keel::jepsen::PairOperations(*history);
  if (!paired.ok()) return paired.status().WithContext(arguments.file);
  for (const std::string& warning : paired->warnings) {
    std::fprintf(stderr, "keel-check: %s: %s\n", arguments.file.c_str(), warning.c_str());
  }
  auto report = keel::jepsen::Check(*paired, arguments.check);
  if (!report.ok()) return report.status().WithContext(arguments.file);
  if (!arguments.html.empty()) {
    const std::string page =
        keel::jepsen::MakePage(*history, *paired, *report, {.title = arguments.file});
    KEEL_RETURN_IF_ERROR(WriteAll(arguments.html, page));
  }
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = keel::jepsen::ParseArguments(argc, argv);
  if (!arguments.ok()) return Fail(arguments.status());
  if (arguments->wants_help) {
    std::fputs(keel::jepsen::HelpText().c_str(), stdout);
    return 0;
  }
  const auto report = CheckFile(*arguments);
  if (!report.ok()) return Fail(report.status());
  std::fputs(keel::jepsen::PrintReport(*report).c_str(), stdout);
  return static_cast<int>(report->verdict);
}
