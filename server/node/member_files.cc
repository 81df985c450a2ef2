#include "server/node/member_files.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::node {

namespace {

constexpr std::string_view kMagic = "keel member\n";
constexpr uint8_t kRecordFormat = 1;
constexpr uint64_t kRecordBytesMax = uint64_t{16} << 20;
constexpr std::string_view kVersionPrefix = "keel ";

// What a first start that did not come to its end may have left, and how each begins.
constexpr std::pair<std::string_view, std::string_view> kUnfinishedFiles[] = {
    {"member", kMagic},
    {"member.new", kMagic},
    {"vote", "KEELVOTE"},
    {"VERSION.new", kVersionPrefix}};

bool IsPartOfUnfinished(const std::string& name) {
  if (name == "LOCK" || name == "kv" || name == "lost+found") return true;
  return std::any_of(std::begin(kUnfinishedFiles), std::end(kUnfinishedFiles),
                     [&](const auto& file) { return file.first == name; });
}

}  // namespace

std::string EncodeMemberRecord(const MemberRecord& record) {
  std::string bytes(kMagic);
  bytes.push_back(static_cast<char>(kRecordFormat));
  AppendVarint64(&bytes, record.member.value());
  bytes.push_back(static_cast<char>(record.phase));
  AppendLengthPrefixed(&bytes, record.cluster_token);
  AppendFixed64(&bytes, record.cluster_id);
  AppendVarint64(&bytes, record.base.index.value());
  AppendVarint64(&bytes, record.base.term.value());
  AppendLengthPrefixed(&bytes, record.config);
  AppendFixed64(&bytes, Checksum(bytes));
  return bytes;
}

std::optional<MemberRecord> DecodeMemberRecord(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 8) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - 8);
  if (DecodeFixed64(bytes.data() + body.size()) != Checksum(body)) return std::nullopt;
  ByteReader reader(body);
  std::string_view magic;
  uint8_t format = 0;
  uint64_t member = 0;
  uint8_t phase = 0;
  std::string_view token;
  uint64_t index = 0;
  uint64_t term = 0;
  std::string_view config;
  MemberRecord record;
  reader.ReadBytes(kMagic.size(), &magic);
  reader.ReadByte(&format);
  reader.ReadVarint64(&member);
  reader.ReadByte(&phase);
  reader.ReadLengthPrefixed(&token);
  reader.ReadFixed64(&record.cluster_id);
  reader.ReadVarint64(&index);
  reader.ReadVarint64(&term);
  reader.ReadLengthPrefixed(&config);
  if (!reader.AtEnd() || magic != kMagic || format != kRecordFormat || member == 0) {
    return std::nullopt;
  }
  if (phase < static_cast<uint8_t>(MemberPhase::kNew) ||
      phase > static_cast<uint8_t>(MemberPhase::kMember)) {
    return std::nullopt;
  }
  record.member = NodeId(member);
  record.phase = static_cast<MemberPhase>(phase);
  record.cluster_token = token;
  record.base = {Index(index), Term(term)};
  record.config = config;
  return record;
}

Result<std::unique_ptr<MemberFiles>> MemberFiles::Open(FileSystem* files, const Options& options) {
  std::unique_ptr<MemberFiles> opened(new MemberFiles(files, options));
  const Status made = files->CreateDirectory(options.directory);
  if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  // Before so much as a lock is left there.
  KEEL_ASSIGN_OR_RETURN(const bool was_made, files->Exists(opened->PathOf("VERSION")));
  if (!was_made) KEEL_RETURN_IF_ERROR(opened->CheckUnfinished());
  Result<std::unique_ptr<FileLock>> lock = files->Lock(opened->PathOf("LOCK"));
  if (!lock.ok()) {
    return lock.status().WithContext("another node runs on " + options.directory +
                                     ": stop it, or give this one a --data-dir of its own");
  }
  opened->lock_ = std::move(*lock);
  KEEL_ASSIGN_OR_RETURN(const bool is_made, files->Exists(opened->PathOf("VERSION")));
  KEEL_RETURN_IF_ERROR(is_made ? opened->Load() : opened->Make());
  return opened;
}

std::string MemberFiles::PathOf(const std::string& name) const {
  return options_.directory + "/" + name;
}

wal::VoteFile::Options MemberFiles::VoteOptions() const {
  return {.path = PathOf("vote"), .member = record_.member, .boot_min = options_.wall_ms};
}

// VERSION comes last: before it is there, the member has spoken to nobody and may begin anew.
Status MemberFiles::Make() {
  KEEL_RETURN_IF_ERROR(ClearUnfinished());
  record_.member = NodeId(options_.random == 0 ? 1 : options_.random);
  record_.cluster_token = options_.cluster_token;
  KEEL_RETURN_IF_ERROR(Save(record_));
  KEEL_ASSIGN_OR_RETURN(vote_, wal::VoteFile::Create(files_, VoteOptions()));
  const Status made = files_->CreateDirectory(kv_directory());
  if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  KEEL_RETURN_IF_ERROR(
      Replace("VERSION", std::string(kVersionPrefix) + std::to_string(kLayoutVersion) + "\n"));
  const size_t slash = options_.directory.rfind('/');
  if (slash == std::string::npos) return files_->SyncDirectory(".");
  return files_->SyncDirectory(slash == 0 ? "/" : options_.directory.substr(0, slash));
}

Status MemberFiles::CheckUnfinished() {
  KEEL_ASSIGN_OR_RETURN(const auto names, files_->List(options_.directory));
  const auto refuse = [this](const std::string& what) {
    return FailedPrecondition(options_.directory + " holds " + what +
                              ": it is no data directory of Keel's; give --data-dir an empty "
                              "directory. Nothing in it was changed");
  };
  const bool has_member = std::find(names.begin(), names.end(), "member") != names.end();
  if (const auto inside = files_->List(PathOf("member")); has_member && inside.ok()) {
    const bool is_etcd = std::find(inside->begin(), inside->end(), "snap") != inside->end();
    if (!is_etcd) return refuse("a directory \"member\"");
    return refuse(
        "etcd's data, which Keel does not read (start a new cluster, and copy the keys from the "
        "one of etcd's while that runs)");
  }
  const auto foreign = std::find_if_not(names.begin(), names.end(), IsPartOfUnfinished);
  if (foreign != names.end()) return refuse(*foreign + " and no VERSION");
  for (const auto& [name, magic] : kUnfinishedFiles) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    KEEL_ASSIGN_OR_RETURN(const bool is_ours, IsOurs(std::string(name), magic));
    if (!is_ours) return refuse("a file \"" + std::string(name) + "\" that Keel did not write");
  }
  return {};
}

// A crash may have left any part of what was being written, and zeros for the rest.
Result<bool> MemberFiles::IsOurs(const std::string& name, std::string_view magic) {
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, Read(name));
  for (size_t i = 0; i < std::min(bytes.size(), magic.size()); ++i) {
    if (bytes[i] != magic[i] && bytes[i] != '\0') return false;
  }
  return true;
}

Status MemberFiles::ClearUnfinished() {
  KEEL_RETURN_IF_ERROR(CheckUnfinished());
  for (const auto& [name, magic] : kUnfinishedFiles) {
    const Status removed = files_->Remove(PathOf(std::string(name)));
    if (!removed.ok() && removed.code() != Code::kNotFound) return removed;
  }
  return files_->SyncDirectory(options_.directory);
}

Status MemberFiles::Load() {
  KEEL_ASSIGN_OR_RETURN(const std::string version, Read("VERSION"));
  uint64_t number = 0;
  for (const char digit : version.substr(std::min(kVersionPrefix.size(), version.size()))) {
    if (digit >= '0' && digit <= '9' && number < 1'000'000) number = number * 10 + (digit - '0');
  }
  if (!version.starts_with(kVersionPrefix) || number == 0) {
    return DataLoss(PathOf("VERSION") +
                    " cannot be read: replace this member (keelctl member replace)");
  }
  if (number > kLayoutVersion) {
    return FailedPrecondition(options_.directory + " has layout " + std::to_string(number) +
                              ", and this Keel knows those up to " +
                              std::to_string(kLayoutVersion) +
                              ": run the newer Keel that wrote it");
  }
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, Read("member"));
  const std::optional<MemberRecord> record = DecodeMemberRecord(bytes);
  if (!record.has_value()) {
    return DataLoss(
        PathOf("member") +
        " is damaged: this member does not know who it is and must not vote; replace it "
        "(keelctl member replace)");
  }
  record_ = *record;
  if (!options_.cluster_token.empty() && record_.cluster_token != options_.cluster_token) {
    return FailedPrecondition(options_.directory + " belongs to the cluster with the token \"" +
                              record_.cluster_token + "\", not \"" + options_.cluster_token +
                              "\": mend --initial-cluster-token or --data-dir");
  }
  Result<std::unique_ptr<wal::VoteFile>> vote = wal::VoteFile::Open(files_, VoteOptions());
  if (!vote.ok() && vote.status().code() == Code::kNotFound) {
    return DataLoss(PathOf("vote") +
                    " is missing: this member may have voted and must not vote again; replace it "
                    "(keelctl member replace)");
  }
  if (!vote.ok()) return vote.status();
  vote_ = std::move(*vote);
  return {};
}

Status MemberFiles::Save(const MemberRecord& record) {
  KEEL_RETURN_IF_ERROR(Replace("member", EncodeMemberRecord(record)));
  record_ = record;
  return {};
}

Status MemberFiles::Replace(const std::string& name, const std::string& bytes) {
  const std::string path = PathOf(name + ".new");
  KEEL_ASSIGN_OR_RETURN(const auto file, files_->OpenWritable(path, OpenMode::kCreateOrEmpty));
  const std::string_view piece = bytes;
  KEEL_RETURN_IF_ERROR(file->WriteAt(0, {&piece, 1}));
  KEEL_RETURN_IF_ERROR(file->Sync());
  KEEL_RETURN_IF_ERROR(file->Close());
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = path, .to = PathOf(name)}));
  return files_->SyncDirectory(options_.directory);
}

Result<std::string> MemberFiles::Read(const std::string& name) {
  KEEL_ASSIGN_OR_RETURN(const auto file,
                        files_->OpenReadable(PathOf(name), AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size, file->SizeBytes());
  std::string bytes(std::min(size, kRecordBytesMax), '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(0, bytes));
  bytes.resize(read);
  return bytes;
}

}  // namespace keel::node
