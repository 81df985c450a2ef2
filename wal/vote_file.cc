#include "wal/vote_file.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/mutant.h"
#include "wal/start_reads.h"

namespace keel::wal {

namespace {

constexpr std::string_view kMagic = "KEELVOTE";
constexpr uint32_t kVoteFormatVersion = 1;
constexpr uint64_t kDamagedFlag = 1;
constexpr uint64_t kHasLogFlag = 2;

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status SyncName(FileSystem* files, const std::string& path) {
  if (KEEL_MUTANT(kVoteNoDirectorySync43)) return {};
  return files->SyncDirectory(ParentOf(path));
}

Status CheckOwner(const VoteSlot& slot, const VoteFile::Options& options) {
  if (slot.format_version > kVoteFormatVersion) {
    return FailedPrecondition(options.path + ": has format " + std::to_string(slot.format_version) +
                              ", and this Keel reads up to " + std::to_string(kVoteFormatVersion) +
                              ": start the newer Keel that wrote it");
  }
  if (slot.group == options.group && slot.member == options.member) return {};
  return FailedPrecondition(options.path + ": is the vote of group " + std::to_string(slot.group) +
                            ", member " + std::to_string(slot.member.value()) +
                            ": put back the file that belongs here");
}

struct SlotsRead {
  std::array<std::optional<VoteSlot>, 2> slots;

  // The slot that was saved last, or none. Equal ones are the same record.
  [[nodiscard]] const VoteSlot* Newest() const {
    const VoteSlot* newest = nullptr;
    for (const auto& slot : slots) {
      if (slot && (newest == nullptr || slot->save_count > newest->save_count)) newest = &*slot;
    }
    return newest;
  }
};

Result<SlotsRead> ReadSlots(const ReadableFile& file, const std::string& path) {
  SlotsRead read;
  for (size_t i = 0; i < read.slots.size(); ++i) {
    std::array<char, kVoteSlotBytes> buffer;
    const auto count = file.ReadAt(kVoteSlotOffsets[i], buffer);
    if (!count.ok()) return ExplainFailedRead(count.status(), path, kVoteSlotOffsets[i]);
    read.slots[i] = DecodeVoteSlot({buffer.data(), *count});
  }
  return read;
}

}  // namespace

std::string EncodeVoteSlot(const VoteSlot& slot) {
  std::string bytes(kMagic);
  AppendFixed32(&bytes, slot.format_version);
  AppendFixed32(&bytes, 0);
  const uint64_t flags =
      (slot.record.is_damaged ? kDamagedFlag : 0) | (slot.record.has_log ? kHasLogFlag : 0);
  for (uint64_t field :
       {slot.group, slot.member.value(), slot.save_count, slot.record.term.value(),
        slot.record.vote.value(), slot.record.boot, flags, uint64_t{0}, uint64_t{0}}) {
    AppendFixed64(&bytes, field);
  }
  AppendFixed64(&bytes, Checksum(bytes));
  KEEL_CHECK(bytes.size() == kVoteSlotBytes);
  return bytes;
}

std::optional<VoteSlot> DecodeVoteSlot(std::string_view bytes) {
  if (bytes.size() < kVoteSlotBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return std::nullopt;
  }
  const auto field = [bytes](size_t at) { return DecodeFixed64(bytes.data() + at); };
  if (field(kVoteSlotBytes - 8) != Checksum(bytes.substr(0, kVoteSlotBytes - 8))) {
    return std::nullopt;
  }
  VoteSlot slot;
  slot.format_version = DecodeFixed32(bytes.data() + 8);
  slot.group = field(16);
  slot.member = NodeId(field(24));
  slot.save_count = field(32);
  slot.record.term = Term(field(40));
  slot.record.vote = NodeId(field(48));
  slot.record.boot = field(56);
  slot.record.is_damaged = (field(64) & kDamagedFlag) != 0;
  slot.record.has_log = (field(64) & kHasLogFlag) != 0;
  return slot;
}

VoteFile::VoteFile(std::unique_ptr<WritableFile> file, const Options& options)
    : file_(std::move(file)), options_(options) {}

VoteFile::~VoteFile() = default;

Result<std::unique_ptr<VoteFile>> VoteFile::Create(FileSystem* files, const Options& options) {
  KEEL_ASSIGN_OR_RETURN(const bool exists, files->Exists(options.path));
  if (exists) return AlreadyExists(options.path + ": this member has started before");
  // Under another name until it is whole: a vote file that exists has two valid slots.
  const std::string draft = options.path + ".new";
  KEEL_ASSIGN_OR_RETURN(auto file, files->OpenWritable(draft, OpenMode::kCreateOrEmpty));
  KEEL_RETURN_IF_ERROR(file->Preallocate(kVoteFileBytes));
  std::unique_ptr<VoteFile> votes(new VoteFile(std::move(file), options));
  KEEL_RETURN_IF_ERROR(votes->Write({.boot = std::max<uint64_t>(1, options.boot_min)}, 0));
  KEEL_RETURN_IF_ERROR(files->Rename({.from = draft, .to = options.path}));
  KEEL_RETURN_IF_ERROR(SyncName(files, options.path));
  return votes;
}

Result<std::unique_ptr<VoteFile>> VoteFile::Open(FileSystem* files, const Options& options) {
  KEEL_ASSIGN_OR_RETURN(auto file, files->OpenWritable(options.path, OpenMode::kExisting));
  KEEL_ASSIGN_OR_RETURN(const SlotsRead read, ReadSlots(*file, options.path));
  const VoteSlot* newest = read.Newest();
  if (newest == nullptr) {
    return DataLoss(
        options.path +
        ": neither slot (offsets 0 and 4096) holds a valid vote. This member might vote "
        "twice if it started; replace it: `keelctl member replace`");
  }
  for (const auto& slot : read.slots) {
    if (slot) KEEL_RETURN_IF_ERROR(CheckOwner(*slot, options));
  }
  // An earlier start may have died before it made the name durable.
  KEEL_RETURN_IF_ERROR(SyncName(files, options.path));
  std::unique_ptr<VoteFile> votes(new VoteFile(std::move(file), options));
  votes->save_count_ = newest->save_count;
  votes->slots_repaired_ = read.slots[0] && read.slots[1] ? 0 : 1;
  VoteRecord record = newest->record;
  record.boot = std::max(record.boot + 1, options.boot_min);
  // The newest slot is overwritten last: until then it may be the only one that holds the vote.
  const bool newest_is_first = read.slots[0] && newest == &*read.slots[0];
  KEEL_RETURN_IF_ERROR(votes->Write(record, newest_is_first ? 1 : 0));
  return votes;
}

Status VoteFile::Write(const VoteRecord& record, int first_slot) {
  KEEL_RETURN_IF_ERROR(failure_);
  const std::string bytes = EncodeVoteSlot({.group = options_.group,
                                            .member = options_.member,
                                            .save_count = ++save_count_,
                                            .record = record});
  const std::string_view piece = bytes;
  for (int i = 0; i < 2; ++i) {
    int slot = (first_slot + i) % 2;
    if (KEEL_MUTANT(kVoteOneSlot56) && save_count_ > 1) {
      slot = static_cast<int>(save_count_ % 2);
    }
    Status status = file_->WriteAt(kVoteSlotOffsets[slot], {&piece, 1});
    const bool is_skipped =
        (KEEL_MUTANT(kVoteOneSync56) && i == 0) || (KEEL_MUTANT(kVoteUnsynced) && save_count_ > 1);
    if (status.ok() && !is_skipped) status = file_->Sync();
    if (!status.ok()) {
      // Also a full disk: the slots were allocated when the file was made, so this is no want of
      // room that could pass.
      failure_ = status;
      return status;
    }
  }
  record_ = record;
  return {};
}

Status VoteFile::Save(const Ballot& ballot) {
  KEEL_CHECK(ballot.term >= record_.term) << "the term goes back";
  KEEL_CHECK(ballot.term > record_.term || record_.vote.IsNone() || ballot.vote == record_.vote)
      << "a second vote in term " << ballot.term.value();
  VoteRecord record = record_;
  record.term = ballot.term;
  record.vote = ballot.vote;
  return Write(record, 0);
}

Status VoteFile::SetDamaged(bool is_damaged) {
  VoteRecord record = record_;
  record.is_damaged = is_damaged;
  return Write(record, 0);
}

Status VoteFile::SetHasLog(bool has_log) {
  VoteRecord record = record_;
  record.has_log = has_log;
  return Write(record, 0);
}

}  // namespace keel::wal
