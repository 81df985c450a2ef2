#include "tools/waldump/arguments.h"

#include <cstdio>
#include <string_view>

#include "base/numbers.h"

namespace keel::waldump {

namespace {

constexpr const char* kHelp = R"(Usage: waldump [OPTIONS] PATH

Reads the log of a Keel member, or its vote file, and says what is in it and whether it is sound. Only
reads; the member may be stopped or running, though of a running one the end keeps moving.

  PATH                 the log's directory (DATA-DIR/wal), or the vote file (DATA-DIR/vote)

  --records            also print every record
  --from INDEX         with --records: only entries from this index on
  --to INDEX           with --records: only entries up to this index
  --payload-bytes N    show at most N bytes of each payload (32)
  --hex                show payloads in hexadecimal
  --help               this page

Examples:
  waldump /var/lib/keel/wal
  waldump --records --from 1200 --to 1300 /var/lib/keel/wal
  waldump /var/lib/keel/vote

The last line is for programs. Of a log:
  waldump: segments=N records=N entries=N base=I first=I last=I term=T closed=0|1 cut=0|1 damage=0|1
Of a vote file:
  waldump: term=T vote=M boot=N damaged=0|1 log=0|1 slots=1|2

Exit code: 0 sound (a cut tail is sound), 1 damaged, 2 the command line was not understood, 3 it cannot
be read. The format is described in docs/wal_format.md.
)";

bool TakeNumber(std::string_view text, uint64_t* number) {
  const auto parsed = ParseNumber<uint64_t>(text);
  if (parsed.has_value()) *number = *parsed;
  return parsed.has_value();
}

// An option without a value; false if it is none.
bool TakeSwitch(std::string_view option, Arguments* arguments) {
  if (option == "--help" || option == "-h") return arguments->wants_help = true;
  if (option == "--records") return arguments->shows_records = true;
  if (option == "--hex") return arguments->shows_hex = true;
  return false;
}

bool TakeNumber(std::string_view option, std::string_view value, Arguments* arguments) {
  if (option == "--from") return TakeNumber(value, &arguments->first_index);
  if (option == "--to") return TakeNumber(value, &arguments->last_index);
  return option == "--payload-bytes" && TakeNumber(value, &arguments->payload_bytes_max);
}

}  // namespace

std::optional<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  int next = 1;
  while (next < argc) {
    const std::string_view word = argv[next++];
    if (TakeSwitch(word, &arguments)) continue;
    if (!word.starts_with("-") && arguments.path.empty()) {
      arguments.path = word;
      continue;
    }
    if (next == argc || !TakeNumber(word, argv[next++], &arguments)) {
      std::fprintf(stderr, "waldump: not understood: %s; --help shows the options\n",
                   std::string(word).c_str());
      return std::nullopt;
    }
  }
  if (arguments.path.empty() && !arguments.wants_help) {
    std::fputs("waldump: which log? Give its directory; --help shows the options\n", stderr);
    return std::nullopt;
  }
  return arguments;
}

void PrintHelp() { std::fputs(kHelp, stdout); }

}  // namespace keel::waldump
