// Recovers a log whose bytes come from anywhere: no input may crash a recovery, and a log that was
// recovered, whatever it was, can be gone on with, crashes, and is found again as it was.
//
// The first byte chooses how the rest is used: as the file as it stands, as records behind a valid
// header with their checksums put right (or the checksums would turn every input away at the first
// record), or as places in a good log to spoil.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "tests/simfs/simulated_file_system.h"
#include "tests/wal/log_contents.h"
#include "wal/log.h"
#include "wal/recovery.h"

namespace keel::wal {
namespace {

using simfs::Image;
using simfs::SimulatedFileSystem;

const LogOptions kOptions = {.directory = "/wal", .member = NodeId(7), .segment_bytes = 6144};

std::string PathOf(uint64_t sequence) { return "/wal/" + SegmentName(sequence); }

// A log of three segments, the front compacted.
Image GoodLog() {
  SimulatedFileSystem files;
  Collector collector;
  Recovered recovered = Recover(&files, kOptions, &collector).value();
  const auto log = Log::Begin(&files, kOptions, {std::move(recovered), 1}).value();
  const std::string payload(400, 'p');
  for (uint64_t index = 1; index <= 12; ++index) {
    const EntryView entry = {
        .term = Term(1 + index / 6), .index = Index(index), .payload = payload};
    KEEL_CHECK(log->Append({&entry, 1}).ok());
  }
  KEEL_CHECK(log->Compact({Index(5), Term(1)}).ok());
  return files.ImageNow();
}

std::string Header(uint64_t sequence, uint64_t* checksum) {
  SegmentHeader header = {.member = NodeId(7), .sequence = sequence, .incarnation = 5};
  std::string block = EncodeSegmentHeader(&header);
  *checksum = header.checksum;
  return block;
}

// Records whose fields the input chooses, in a chain that holds.
std::string ChainedRecords(std::string_view input) {
  Chain chain = {.incarnation = 5};
  std::string bytes = Header(1, &chain.checksum);
  ByteReader reader(input);
  uint8_t type = 0;
  uint8_t kind = 0;
  uint8_t term = 0;
  uint64_t index = 0;
  std::string_view payload;
  while (bytes.size() < kOptions.segment_bytes && reader.ReadByte(&type) &&
         reader.ReadByte(&kind) && reader.ReadByte(&term) && reader.ReadVarint64(&index) &&
         reader.ReadLengthPrefixed(&payload)) {
    if (type % 4 == 3) {
      AppendMark(&bytes,
                 {.kind = static_cast<MarkKind>(kind % 4),
                  .last = {Index(index), Term(term)},
                  .durable_offset = bytes.size() + kind,
                  .own_offset = bytes.size(),
                  .sequence = 1,
                  .batch_bytes = static_cast<uint32_t>(index)},
                 &chain);
      continue;
    }
    AppendRecord(&bytes,
                 {.type = static_cast<RecordType>(1 + type % 4),
                  .kind = kind,
                  .term = Term(term),
                  .index = Index(index),
                  .payload = payload},
                 &chain);
  }
  return bytes;
}

// Pairs of a place (four bytes) and a value in the files of a good log.
Image Spoiled(std::string_view input) {
  static const Image kGood = GoodLog();
  Image image = kGood;
  ByteReader reader(input);
  uint32_t place = 0;
  uint8_t value = 0;
  while (reader.ReadFixed32(&place) && reader.ReadByte(&value)) {
    auto file = image.files.begin();
    std::advance(file, static_cast<ptrdiff_t>((place >> 24) % image.files.size()));
    std::string bytes = *file->second;
    bytes[(place & 0xffffff) % bytes.size()] = static_cast<char>(value);
    image.Replace(std::string(file->first), std::move(bytes));
  }
  return image;
}

Image ImageOf(std::string_view input) {
  const uint8_t mode = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  if (!input.empty()) input.remove_prefix(1);
  if (mode % 4 == 3) return Spoiled(input);
  Image image;
  image.directories.insert("/wal");
  if (mode % 4 == 0) image.Replace(PathOf(1), std::string(input));
  if (mode % 4 == 1) {
    uint64_t checksum = 0;
    image.Replace(PathOf(1), Header(1, &checksum) + std::string(input));
  }
  if (mode % 4 == 2) image.Replace(PathOf(1), ChainedRecords(input));
  return image;
}

void Run(std::string_view input) {
  SimulatedFileSystem files(ImageOf(input));
  Collector collector;
  Result<Recovered> recovered = Recover(&files, kOptions, &collector);
  if (!recovered.ok()) {
    KEEL_CHECK(!recovered.status().message().empty());
    return;
  }
  LogContents contents = collector.contents();
  KEEL_CHECK(recovered->report.base == contents.base) << "the report and the visitor disagree";
  KEEL_CHECK(recovered->report.last == contents.Last());
  Index next = contents.First();
  for (const StoredEntry& entry : contents.entries) {
    KEEL_CHECK(entry.index == next) << "a gap";
    KEEL_CHECK(recovered->map.TermAt(next) == entry.term);
    next = next.Next();
  }
  if (next.value() > UINT64_MAX - 2) return;  // no room for another entry

  const auto log = Log::Begin(&files, kOptions, {std::move(recovered).value(), 99});
  KEEL_CHECK(log.ok()) << log.status();
  const StoredEntry entry = {
      .term = contents.Last().term.Next(), .index = next, .kind = 1, .payload = "next"};
  if (entry.term.IsNone()) return;
  const EntryView view = entry.View();
  KEEL_CHECK((*log)->Append({&view, 1}).ok());
  contents.Put(entry);
  files.Crash({.mode = simfs::LossMode::kEverything});
  Collector again;
  recovered = Recover(&files, kOptions, &again);
  KEEL_CHECK(recovered.ok()) << recovered.status();
  KEEL_CHECK(!recovered->report.damage) << recovered->report.damage->ToString();
  KEEL_CHECK(again.contents() == contents) << again.contents().ToString();
}

}  // namespace
}  // namespace keel::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keel::wal::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
