#include "wal/inventory.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

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

Result<SegmentFile> Inspect(FileSystem* files, const LogOptions& options, uint64_t sequence) {
  SegmentFile segment = {.path = options.directory + "/" + SegmentName(sequence)};
  KEEL_ASSIGN_OR_RETURN(const auto file,
                        files->OpenReadable(segment.path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(segment.size_bytes, file->SizeBytes());
  std::string block(kFirstRecordOffset, '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t count, file->ReadAt(0, block));
  block.resize(count);
  const Result<HeaderCopies> copies = DecodeSegmentHeader(block);
  if (!copies.ok()) return copies.status().WithContext(segment.path);
  if (!copies->header || copies->header->sequence != sequence) return segment;
  const Status owner = CheckOwner(*copies->header, options);
  if (!owner.ok()) return owner.WithContext(segment.path);
  segment.header = copies->header;
  segment.header_damaged = !copies->both_valid;
  return segment;
}

Status AddSpare(FileSystem* files, const LogOptions& options, const std::string& name,
                Inventory* inventory) {
  KEEL_ASSIGN_OR_RETURN(const uint64_t size_bytes,
                        files->SizeBytes(options.directory + "/" + name));
  const bool is_usable =
      size_bytes == options.segment_bytes && inventory->spares.size() < options.spares_max;
  (is_usable ? inventory->spares : inventory->unusable_spares).push_back(name);
  return {};
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
      KEEL_RETURN_IF_ERROR(AddSpare(files, options, name, &inventory));
      highest = std::max(highest, *number);
    }
  }
  inventory.next_sequence = highest + 1;
  return inventory;
}

}  // namespace keel::wal
