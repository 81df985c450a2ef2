#include "backup/snapshot_format.h"

#include "backup/sealed_bytes.h"
#include "base/check.h"
#include "base/coding.h"

namespace keel::backup {

namespace {

constexpr std::string_view kTrailerMagic = "KEELTAIL";

}  // namespace

std::string EncodeFileHeader(const FileHeader& header) {
  std::string bytes(kFileMagic);
  AppendFixed32(&bytes, kFileFormat);
  bytes.push_back(static_cast<char>(kZstd));
  bytes.push_back(static_cast<char>(header.is_encrypted ? kAes256Gcm : 0));
  bytes.append(2, '\0');
  AppendFixed64(&bytes, header.cluster_id);
  AppendFixed64(&bytes, header.member_id);
  AppendFixed64(&bytes, header.applied.value());
  AppendFixed64(&bytes, header.applied_term.value());
  AppendFixed64(&bytes, header.revision.value());
  AppendFixed64(&bytes, header.saved_ms);
  KEEL_CHECK(header.salt.size() == (header.is_encrypted ? kSaltBytes : 0)) << "a salt";
  bytes.append(header.is_encrypted ? header.salt : std::string(kSaltBytes, '\0'));
  AppendFixed32(&bytes, header.key_check);
  bytes.resize(kFileHeaderBytes - kChecksumBytes, '\0');
  AppendChecksum(&bytes);
  return bytes;
}

Result<FileHeader> DecodeFileHeader(std::string_view bytes) {
  if (bytes.size() < kFileHeaderBytes || !bytes.starts_with(kFileMagic)) {
    return InvalidArgument("it is no snapshot file of Keel's");
  }
  const std::string_view body = Checked(bytes.substr(0, kFileHeaderBytes));
  if (body.empty()) return DataLoss("its header is damaged");
  ByteReader reader(body.substr(kFileMagic.size()));
  uint32_t format = 0;
  uint8_t compression = 0;
  uint8_t encryption = 0;
  std::string_view zeros;
  uint64_t numbers[6] = {};
  FileHeader header;
  reader.ReadFixed32(&format);
  if (format != kFileFormat) {
    return FailedPrecondition("it has format " + std::to_string(format) +
                              ", and this keelctl knows format " + std::to_string(kFileFormat) +
                              ": use the keelctl that is as new as the one that wrote it");
  }
  reader.ReadByte(&compression);
  reader.ReadByte(&encryption);
  reader.ReadBytes(2, &zeros);
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  std::string_view salt;
  reader.ReadBytes(kSaltBytes, &salt);
  reader.ReadFixed32(&header.key_check);
  if (!reader.ok() || compression != kZstd || encryption > kAes256Gcm) {
    return FailedPrecondition("it is packed or encrypted in a way that this keelctl does not know");
  }
  header.cluster_id = numbers[0];
  header.member_id = numbers[1];
  header.applied = Index(numbers[2]);
  header.applied_term = Term(numbers[3]);
  header.revision = Revision(numbers[4]);
  header.saved_ms = numbers[5];
  header.is_encrypted = encryption == kAes256Gcm;
  if (header.is_encrypted) header.salt = salt;
  return header;
}

uint64_t ChainSeed(std::string_view header_bytes) {
  return ChecksumAtEnd(header_bytes.substr(0, kFileHeaderBytes));
}

std::string EncodeFileTrailer(const FileTrailer& trailer) {
  std::string bytes(kTrailerMagic);
  for (const uint64_t number :
       {trailer.blocks, trailer.raw_bytes, trailer.records, trailer.versions,
        trailer.compacted.value(), trailer.file_bytes, trailer.chain}) {
    AppendFixed64(&bytes, number);
  }
  KEEL_CHECK(trailer.sum.size() == kSumBytes) << "a SHA-256";
  bytes.append(trailer.sum);
  AppendChecksum(&bytes);
  return bytes;
}

Result<FileTrailer> DecodeFileTrailer(std::string_view bytes) {
  const Status cut = DataLoss("it is cut off, or its end is damaged");
  if (bytes.size() != kFileTrailerBytes || !bytes.starts_with(kTrailerMagic)) return cut;
  const std::string_view body = Checked(bytes);
  if (body.empty()) return cut;
  ByteReader reader(body.substr(kTrailerMagic.size()));
  uint64_t numbers[7] = {};
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  return FileTrailer{.blocks = numbers[0],
                     .raw_bytes = numbers[1],
                     .records = numbers[2],
                     .versions = numbers[3],
                     .compacted = Revision(numbers[4]),
                     .file_bytes = numbers[5],
                     .chain = numbers[6],
                     .sum = std::string(reader.rest())};
}

}  // namespace keel::backup
