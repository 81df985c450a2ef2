#include "tools/waldump/dump.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "wal/format.h"
#include "wal/record_scanner.h"
#include "wal/recovery.h"
#include "wal/vote_file.h"

namespace keel::waldump {

namespace {

using Number = unsigned long long;

__attribute__((format(printf, 2, 3))) void Print(std::string* out, const char* format, ...) {
  std::array<char, 512> line;
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  out->append(line.data(), std::min<size_t>(static_cast<size_t>(size), line.size() - 1));
}

Dump Unreadable(const Status& status) {
  return {.error = "waldump: " + status.ToString() + "\n", .code = ExitCode::kUnreadable};
}

class Ignoring final : public wal::LogVisitor {
 public:
  Status OnEntry(const wal::EntryView&) override { return {}; }
  void OnBase(const wal::Position&) override {}
  void OnCleared(const wal::Position&) override {}
};

// The group and the member that the log says it is of: whose it is, is not for waldump to judge.
Result<wal::LogOptions> OptionsOf(FileSystem* files, const std::string& directory) {
  wal::LogOptions options = {.directory = directory};
  KEEL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(directory));
  for (const std::string& name : names) {
    if (!wal::ParseSegmentName(name)) continue;
    KEEL_ASSIGN_OR_RETURN(const auto file,
                          files->OpenReadable(directory + "/" + name, AccessPattern::kSequential));
    std::string block(wal::kFirstRecordOffset, '\0');
    KEEL_ASSIGN_OR_RETURN(const size_t count, file->ReadAt(0, block));
    block.resize(count);
    KEEL_ASSIGN_OR_RETURN(const wal::HeaderCopies copies, wal::DecodeSegmentHeader(block));
    if (!copies.header) continue;
    options.group = copies.header->group;
    options.member = copies.header->member;
  }
  return options;
}

const char* MarkName(wal::MarkKind kind) {
  switch (kind) {
    case wal::MarkKind::kBatch:
      return "batch";
    case wal::MarkKind::kIdle:
      return "seal";
    case wal::MarkKind::kClose:
      return "close";
  }
  return "mark of an unknown kind";
}

class LogDump {
 public:
  LogDump(FileSystem* files, const Arguments& arguments) : files_(files), arguments_(arguments) {}

  Dump Run() {
    const auto options = OptionsOf(files_, arguments_.path);
    if (!options.ok()) return Unreadable(options.status());
    Ignoring visitor;
    const auto recovered = wal::Recover(files_, *options, &visitor);
    if (!recovered.ok()) return Unreadable(recovered.status());
    for (const wal::RecoveredSegment& segment : recovered->segments) {
      const Status status = PrintSegment(segment);
      if (!status.ok()) return Unreadable(status);
    }
    if (!recovered->garbage.empty() || !recovered->spares.empty()) {
      Print(&dump_.text, "%zu spare files, %zu files that are no part of the log\n",
            recovered->spares.size() + recovered->unusable_spares.size(),
            recovered->garbage.size());
    }
    Explain(recovered->report);
    Summarise(recovered->report);
    return std::move(dump_);
  }

 private:
  Status PrintSegment(const wal::RecoveredSegment& segment) {
    const wal::SegmentHeader& header = segment.header;
    Print(&dump_.text,
          "segment %llu  %s\n  size %llu, used %llu; group %llu, member %llu; incarnation %016llx\n"
          "  begun after entry %llu of term %llu, base %llu",
          Number{header.sequence}, segment.path.c_str(), Number{segment.size_bytes},
          Number{segment.end_offset}, Number{header.group}, Number{header.member.value()},
          Number{header.incarnation}, Number{header.last.index.value()},
          Number{header.last.term.value()}, Number{header.base.index.value()});
    if (header.previous.sequence == 0) {
      Print(&dump_.text, "; the log begins here\n");
    } else {
      Print(&dump_.text, "; goes on from segment %llu at offset %llu\n",
            Number{header.previous.sequence}, Number{header.previous.offset});
    }
    return arguments_.shows_records ? PrintRecords(segment) : Status();
  }

  Status PrintRecords(const wal::RecoveredSegment& segment) {
    KEEL_ASSIGN_OR_RETURN(const auto file,
                          files_->OpenReadable(segment.path, AccessPattern::kSequential));
    wal::RecordScanner scanner(file.get(),
                               {.chain = {segment.header.incarnation, segment.header.checksum},
                                .end_offset = segment.end_offset});
    while (true) {
      const uint64_t offset = scanner.offset();
      KEEL_ASSIGN_OR_RETURN(const std::optional<wal::Record> record, scanner.Next());
      if (!record) return {};
      PrintRecord(*record, offset);
    }
  }

  void PrintRecord(const wal::Record& record, uint64_t offset) {
    const uint64_t index = record.index.value();
    switch (record.type) {
      case wal::RecordType::kEntry: {
        if (index < arguments_.first_index || index > arguments_.last_index) return;
        const std::string_view shown = record.payload.substr(0, arguments_.payload_bytes_max);
        const std::string payload = arguments_.shows_hex
                                        ? Hex(shown)
                                        : Printable(record.payload, arguments_.payload_bytes_max);
        Print(&dump_.text, "  %10llu  entry %llu  term %llu  kind %d  %zu bytes  ", Number{offset},
              Number{index}, Number{record.term.value()}, record.kind, record.payload.size());
        dump_.text.append(payload).append("\n");
        return;
      }
      case wal::RecordType::kMark: {
        const wal::Mark mark = wal::MarkOf(record);
        Print(&dump_.text, "  %10llu  %s  after entry %llu  durable below %llu  %u bytes\n",
              Number{offset}, MarkName(mark.kind), Number{index}, Number{mark.durable_offset},
              mark.batch_bytes);
        return;
      }
      case wal::RecordType::kBase:
        Print(&dump_.text, "  %10llu  base  entries up to %llu of term %llu are not needed\n",
              Number{offset}, Number{index}, Number{record.term.value()});
        return;
    }
  }

  void Explain(const wal::RecoveryReport& report) {
    std::string* text = &dump_.text;
    if (!report.found) text->append("There is no log here.\n");
    if (report.headers_damaged != 0) {
      Print(text,
            "%llu segments have one unreadable header of two: nothing is lost, but the disk "
            "is failing.\n",
            Number{report.headers_damaged});
    }
    if (report.damage) {
      dump_.code = ExitCode::kDamaged;
      text->append("DAMAGED. ").append(report.damage->ToString()).append(".\n");
    } else if (report.cut) {
      text->append("Sound. The member stopped in the middle of a write: ")
          .append(report.cut->ToString())
          .append(". Nothing of it was acknowledged, unless the disk has lost it since.\n");
    } else if (report.closed_cleanly) {
      text->append("Sound, and closed in order.\n");
    } else if (report.found) {
      text->append("Sound. The member did not close it: it was killed, or is running.\n");
    }
  }

  void Summarise(const wal::RecoveryReport& report) {
    Print(
        &dump_.text,
        "waldump: segments=%llu records=%llu entries=%llu base=%llu first=%llu last=%llu term=%llu "
        "closed=%d cut=%d damage=%d\n",
        Number{report.segments}, Number{report.records}, Number{report.entries},
        Number{report.base.index.value()}, Number{report.base.index.value() + 1},
        Number{report.last.index.value()}, Number{report.last.term.value()},
        report.closed_cleanly ? 1 : 0, report.cut ? 1 : 0, report.damage ? 1 : 0);
  }

  FileSystem* files_;
  const Arguments& arguments_;
  Dump dump_;
};

Dump DumpVote(FileSystem* files, const std::string& path) {
  const auto file = files->OpenReadable(path, AccessPattern::kRandom);
  if (!file.ok()) return Unreadable(file.status());
  Dump dump;
  std::optional<wal::VoteSlot> newest;
  int valid = 0;
  for (uint64_t offset : wal::kVoteSlotOffsets) {
    std::array<char, wal::kVoteSlotBytes> buffer;
    const auto count = (*file)->ReadAt(offset, buffer);
    if (!count.ok()) return Unreadable(count.status());
    const auto slot = wal::DecodeVoteSlot({buffer.data(), *count});
    if (!slot) {
      Print(&dump.text, "slot at %llu: not valid\n", Number{offset});
      continue;
    }
    ++valid;
    Print(&dump.text,
          "slot at %llu: save %llu, group %llu, member %llu: term %llu, vote %llu, boot %llu%s%s\n",
          Number{offset}, Number{slot->save_count}, Number{slot->group},
          Number{slot->member.value()}, Number{slot->record.term.value()},
          Number{slot->record.vote.value()}, Number{slot->record.boot},
          slot->record.is_damaged ? ", log damaged" : "",
          slot->record.has_log ? ", has a log" : "");
    if (!newest || slot->save_count > newest->save_count) newest = slot;
  }
  if (!newest) {
    dump.code = ExitCode::kDamaged;
    dump.text.append(
        "DAMAGED. Neither slot is valid: the member might vote twice if it started. Replace it: "
        "`keelctl member replace`\nwaldump: slots=0\n");
    return dump;
  }
  Print(&dump.text, "waldump: term=%llu vote=%llu boot=%llu damaged=%d log=%d slots=%d\n",
        Number{newest->record.term.value()}, Number{newest->record.vote.value()},
        Number{newest->record.boot}, newest->record.is_damaged ? 1 : 0,
        newest->record.has_log ? 1 : 0, valid);
  return dump;
}

}  // namespace

Dump DumpPath(FileSystem* files, const Arguments& arguments) {
  if (files->List(arguments.path).ok()) return LogDump(files, arguments).Run();
  return DumpVote(files, arguments.path);
}

}  // namespace keel::waldump
