#include "wal/format.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/mutant.h"

namespace keel::wal {

namespace {

constexpr std::string_view kMagic = "KEEL-WAL";
constexpr size_t kHeaderChecksumOffset = kHeaderBytes - 8;
// Of a mark: all but the chained checksum in front and its own at the end.
constexpr size_t kMarkCheckedFrom = 8;
constexpr size_t kMarkCheckedBytes = kMarkBytes - 16;
constexpr std::string_view kSegmentSuffix = ".wal";
constexpr std::string_view kSparePrefix = "spare-";
constexpr size_t kNameDigits = 16;

std::optional<SegmentHeader> DecodeHeaderCopy(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  bytes = bytes.substr(0, kHeaderBytes);
  const uint64_t checksum = DecodeFixed64(bytes.data() + kHeaderChecksumOffset);
  if (bytes.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  if (checksum != Checksum(bytes.substr(0, kHeaderChecksumOffset))) return std::nullopt;
  const auto field = [bytes](size_t at) { return DecodeFixed64(bytes.data() + at); };
  SegmentHeader header;
  header.format_version = DecodeFixed32(bytes.data() + 8);
  header.group = field(16);
  header.member = NodeId(field(24));
  header.sequence = field(32);
  header.incarnation = field(40);
  header.previous = {.sequence = field(48), .offset = field(56), .checksum = field(64)};
  header.last = {Index(field(72)), Term(field(80))};
  header.base = {Index(field(88)), Term(field(96))};
  header.segment_bytes = field(104);
  header.checksum = checksum;
  return header;
}

std::optional<uint64_t> ParseDigits(std::string_view digits) {
  uint64_t number = 0;
  if (digits.size() != kNameDigits) return std::nullopt;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::string Digits(uint64_t number) {
  std::string digits(kNameDigits, '0');
  std::array<char, kNameDigits> buffer;
  const auto written = std::to_chars(buffer.begin(), buffer.end(), number, 16);
  const auto count = static_cast<size_t>(written.ptr - buffer.begin());
  digits.replace(kNameDigits - count, count, buffer.data(), count);
  return digits;
}

}  // namespace

std::string EncodeSegmentHeader(SegmentHeader* header) {
  std::string copy(kMagic);
  AppendFixed32(&copy, header->format_version);
  AppendFixed32(&copy, 0);
  for (uint64_t field :
       {header->group, header->member.value(), header->sequence, header->incarnation,
        header->previous.sequence, header->previous.offset, header->previous.checksum,
        header->last.index.value(), header->last.term.value(), header->base.index.value(),
        header->base.term.value(), header->segment_bytes, uint64_t{0}}) {
    AppendFixed64(&copy, field);
  }
  KEEL_CHECK(copy.size() == kHeaderChecksumOffset);
  header->checksum = Checksum(copy);
  AppendFixed64(&copy, header->checksum);
  std::string block = copy;
  block.resize(kHeaderCopyOffset);
  block.append(copy);
  block.resize(kFirstRecordOffset);
  return block;
}

Result<HeaderCopies> DecodeSegmentHeader(std::string_view bytes) {
  HeaderCopies copies;
  const std::optional<SegmentHeader> first = DecodeHeaderCopy(bytes);
  const std::optional<SegmentHeader> second =
      DecodeHeaderCopy(bytes.substr(std::min<size_t>(bytes.size(), kHeaderCopyOffset)));
  copies.header = first ? first : second;
  copies.both_valid = first && second && first->checksum == second->checksum;
  if (copies.header && copies.header->format_version > kFormatVersion) {
    return FailedPrecondition("the log has format " +
                              std::to_string(copies.header->format_version) +
                              ", and this Keel reads up to " + std::to_string(kFormatVersion) +
                              ": start the newer Keel that wrote it");
  }
  return copies;
}

void AppendRecord(std::string* out, const Record& record, Chain* chain) {
  const size_t start = out->size();
  AppendFixed64(out, 0);
  AppendFixed64(out, chain->incarnation);
  AppendFixed32(out, static_cast<uint32_t>(record.payload.size()));
  out->push_back(static_cast<char>(record.type));
  out->push_back(static_cast<char>(record.kind));
  out->append(2, '\0');
  AppendFixed64(out, record.term.value());
  AppendFixed64(out, record.index.value());
  out->append(record.payload);
  out->resize(start + RecordBytes(record.payload.size()));
  const std::string_view checked = std::string_view(*out).substr(start + 8);
  chain->checksum = Checksum(checked, chain->checksum);
  if (KEEL_MUTANT(kWalStaleRecords55)) chain->checksum = Checksum(checked.substr(8));
  EncodeFixed64(out->data() + start, chain->checksum);
}

size_t ClaimedRecordBytes(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes) return 0;
  return RecordBytes(DecodeFixed32(bytes.data() + 16));
}

std::optional<Record> DecodeRecord(std::string_view bytes, Chain* chain) {
  const size_t size = ClaimedRecordBytes(bytes);
  if (size == 0 || size != bytes.size()) return std::nullopt;
  const uint64_t stored = DecodeFixed64(bytes.data());
  uint64_t checksum = Checksum(bytes.substr(8), chain->checksum);
  bool is_ours = DecodeFixed64(bytes.data() + 8) == chain->incarnation;
  if (KEEL_MUTANT(kWalStaleRecords55)) {
    checksum = Checksum(bytes.substr(16));
    is_ours = true;
  }
  if (!is_ours || stored != checksum) return std::nullopt;
  Record record;
  record.type = static_cast<RecordType>(bytes[20]);
  if (record.type < RecordType::kEntry || record.type > RecordType::kBase) return std::nullopt;
  record.kind = static_cast<uint8_t>(bytes[21]);
  record.term = Term(DecodeFixed64(bytes.data() + 24));
  record.index = Index(DecodeFixed64(bytes.data() + 32));
  record.payload = bytes.substr(kRecordHeaderBytes, DecodeFixed32(bytes.data() + 16));
  const bool is_mark = record.type == RecordType::kMark;
  if (is_mark && record.payload.size() != kMarkPayloadBytes) return std::nullopt;
  chain->checksum = checksum;
  return record;
}

void AppendMark(std::string* out, const Mark& mark, Chain* chain) {
  std::string payload;
  AppendFixed64(&payload, mark.durable_offset);
  AppendFixed64(&payload, mark.own_offset);
  AppendFixed64(&payload, mark.sequence);
  AppendFixed32(&payload, mark.batch_bytes);
  AppendFixed32(&payload, 0);
  const auto record = [&] {
    return Record{.type = RecordType::kMark,
                  .kind = static_cast<uint8_t>(mark.kind),
                  .term = mark.last.term,
                  .index = mark.last.index,
                  .payload = payload};
  };
  // The mark's own checksum covers the record's header too, so the record is laid out twice.
  std::string draft;
  Chain unchained = *chain;
  payload.resize(kMarkPayloadBytes);
  AppendRecord(&draft, record(), &unchained);
  const uint64_t own =
      Checksum(std::string_view(draft).substr(kMarkCheckedFrom, kMarkCheckedBytes));
  EncodeFixed64(payload.data() + kMarkPayloadBytes - 8, own);
  AppendRecord(out, record(), chain);
}

Mark MarkOf(const Record& record) {
  KEEL_CHECK(record.type == RecordType::kMark && record.payload.size() == kMarkPayloadBytes);
  const char* at = record.payload.data();
  return {.kind = static_cast<MarkKind>(record.kind),
          .last = {record.index, record.term},
          .durable_offset = DecodeFixed64(at),
          .own_offset = DecodeFixed64(at + 8),
          .sequence = DecodeFixed64(at + 16),
          .batch_bytes = DecodeFixed32(at + 24)};
}

std::optional<Mark> DecodeLooseMark(std::string_view bytes, uint64_t incarnation) {
  if (bytes.size() < kMarkBytes) return std::nullopt;
  // The cheap tests first: this is asked at every eighth byte behind the end of a log.
  if (bytes[20] != static_cast<char>(RecordType::kMark)) return std::nullopt;
  if (DecodeFixed32(bytes.data() + 16) != kMarkPayloadBytes) return std::nullopt;
  if (incarnation != 0 && DecodeFixed64(bytes.data() + 8) != incarnation) return std::nullopt;
  const uint64_t own = DecodeFixed64(bytes.data() + kMarkBytes - 8);
  if (own != Checksum(bytes.substr(kMarkCheckedFrom, kMarkCheckedBytes))) return std::nullopt;
  return MarkOf({.type = RecordType::kMark,
                 .kind = static_cast<uint8_t>(bytes[21]),
                 .term = Term(DecodeFixed64(bytes.data() + 24)),
                 .index = Index(DecodeFixed64(bytes.data() + 32)),
                 .payload = bytes.substr(kRecordHeaderBytes, kMarkPayloadBytes)});
}

std::string SegmentName(uint64_t sequence) { return Digits(sequence).append(kSegmentSuffix); }

std::string SpareName(uint64_t number) { return std::string(kSparePrefix) + Digits(number); }

std::optional<uint64_t> ParseSegmentName(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  return ParseDigits(name.substr(0, name.size() - kSegmentSuffix.size()));
}

std::optional<uint64_t> ParseSpareName(std::string_view name) {
  if (!name.starts_with(kSparePrefix)) return std::nullopt;
  return ParseDigits(name.substr(kSparePrefix.size()));
}

}  // namespace keel::wal
