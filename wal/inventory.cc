#include "wal/inventory.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "base/status.h"
#include "wal/start_reads.h"

namespace keel::wal {

namespace {

Status CheckOwner(const SegmentHeader& header, const LogOptions& options) {
  if (header.group == options.group && header.member == options.member) return {};
  return FailedPrecondition("the log of group " + std::to_string(header.group) + ", member " +
                            std::to_string(header.member.value()) + " is not that of group " +
                            std::to_string(options.group) + ", member " +
                            std::to_string(options.member.value()) +
                            ": put back the directory that belongs here");
}

Result<HeaderCopies> ReadHeader(const ReadableFile& file, const std::string& path) {
  std::string block(kFirstRecordOffset, '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(0, block));
  block.resize(count);
  Result<HeaderCopies> copies = DecodeSegmentHeader(block);
  if (!copies.ok()) return copies.status().WithContext(path);
  return copies;
}

Result<SegmentFile> Inspect(FileSystem* files, const LogOptions& options, uint64_t sequence) {
  SegmentFile segment = {.path = options.directory + "/" + SegmentName(sequence)};
  KEEL_ASSIGN_OR_RETURN(const auto file,
                        OpenForStart(files, segment.path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(segment.size_bytes, file->SizeBytes());
  KEEL_ASSIGN_OR_RETURN(const HeaderCopies copies, ReadHeader(*file, segment.path));
  if (!copies.header || copies.header->sequence != sequence) return segment;
  const Status owner = CheckOwner(*copies.header, options);
  if (!owner.ok()) return owner.WithContext(segment.path);
  segment.header = copies.header;
  segment.header_damaged = !copies.both_valid;
  return segment;
}

// Also says which sequence must not be given out again: a crash may have undone the renaming that
// made the spare a segment, and its header would be believed under its old name.
Result<uint64_t> AddSpare(FileSystem* files, const LogOptions& options, const std::string& name,
                          Inventory* inventory) {
  const std::string path = options.directory + "/" + name;
  KEEL_ASSIGN_OR_RETURN(const auto file, OpenForStart(files, path, AccessPattern::kRandom));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size_bytes, file->SizeBytes());
  const bool is_usable =
      size_bytes == options.segment_bytes && inventory->spares.size() < options.spares_max;
  (is_usable ? inventory->spares : inventory->unusable_spares).push_back(name);
  KEEL_ASSIGN_OR_RETURN(const HeaderCopies copies, ReadHeader(*file, path));
  if (KEEL_MUTANT(kWalSequenceReused55)) return uint64_t{0};
  return copies.header ? copies.header->sequence : 0;
}

}  // namespace

std::vector<uint64_t> Inventory::Chain() const {
  std::vector<uint64_t> chain;
  auto newest = segments.rbegin();
  while (newest != segments.rend() && !newest->second.header) ++newest;
  if (newest == segments.rend()) return chain;
  uint64_t sequence = newest->first;
  while (sequence != 0) {
    const auto found = segments.find(sequence);
    if (found == segments.end() || !found->second.header) break;
    chain.push_back(sequence);
    const uint64_t previous = found->second.header->previous.sequence;
    // Links go back only; a header that says otherwise is nobody's.
    if (previous >= sequence) break;
    sequence = previous;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

Result<Inventory> TakeInventory(FileSystem* files, const LogOptions& options) {
  Inventory inventory;
  KEEL_ASSIGN_OR_RETURN(const bool exists, files->Exists(options.directory));
  if (!exists) return inventory;
  KEEL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(options.directory));
  uint64_t highest = 0;
  for (const std::string& name : names) {
    if (const auto sequence = ParseSegmentName(name)) {
      KEEL_ASSIGN_OR_RETURN(SegmentFile segment, Inspect(files, options, *sequence));
      inventory.segments.emplace(*sequence, std::move(segment));
      highest = std::max(highest, *sequence);
    } else if (const auto number = ParseSpareName(name)) {
      KEEL_ASSIGN_OR_RETURN(const uint64_t used, AddSpare(files, options, name, &inventory));
      highest = std::max({highest, *number, used});
    }
  }
  inventory.next_sequence = highest + 1;
  return inventory;
}

}  // namespace keel::wal
