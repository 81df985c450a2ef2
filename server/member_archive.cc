// A member's archive: --archive.
#include <glog/logging.h>

#include <utility>

#include "backup/archive/find.h"
#include "backup/crypt.h"
#include "base/numbers.h"
#include "server/member.h"

namespace keel::server {

Status Member::StartArchive() {
  if (config_.archive.empty()) return {};
  std::string key;
  if (!config_.archive_key_file.empty()) {
    KEEL_ASSIGN_OR_RETURN(key, backup::ReadKeyFile(&disk_, config_.archive_key_file));
  }
  archive_threads_ = std::make_unique<ArchiveThreads>(&clock_);
  archive_store_ = std::make_unique<backup::DirectoryStore>(backup::DirectoryStore::Options{
      .files = &disk_,
      .directory = backup::ArchiveDirectory(config_.archive, record_.cluster_id),
      .writer = HexNumber(record_.member.value())});
  archive_source_ = std::make_unique<NodeArchiveSource>(node_.get());
  archiver_ = std::make_unique<Archiver>(
      Archiver::Options{.cluster_id = record_.cluster_id,
                        .member = record_.member,
                        .key = std::move(key),
                        .interval_ms = config_.archive_interval_ms,
                        .base_interval_ms = config_.archive_base_interval_ms,
                        .retention_ms = config_.archive_retention_ms},
      Archiver::Seams{.clock = &clock_,
                      .executor = archive_threads_->ship.executor(),
                      .base_executor = archive_threads_->base.executor(),
                      .files = &disk_,
                      .store = archive_store_.get(),
                      .prepare = [store = archive_store_.get()] { return store->Prepare(); },
                      .source = archive_source_.get(),
                      .log =
                          [](bool is_error, const std::string& line) {
                            if (is_error) {
                              LOG(ERROR) << line;
                            } else {
                              LOG(INFO) << line;
                            }
                          }});
  archive_threads_->ship.executor()->Post([this] { archiver_->Start(); });
  return {};
}

void Member::AddArchive(admin::Page* page) const {
  using Kind = admin::Page::Kind;
  const ArchiveCounts counts = archiver_ == nullptr ? ArchiveCounts() : archiver_->counts();
  page->Add({"keel_archive_exposure_seconds",
             "How long the oldest write that is not in the archive has been committed; on the "
             "leader, 0 elsewhere."},
            static_cast<double>(counts.exposure_ms) / 1e3);
  page->Add({"keel_archive_alarm",
             "1 while the archive fails, is behind or waits for a base; on the leader."},
            counts.has_alarm ? 1 : 0);
  page->Add({"keel_archive_index", "The last index of the log that this leader knows archived."},
            static_cast<double>(counts.shipped.value()));
  page->Add({"keel_archive_base_seconds", "The time of the newest base, in seconds since 1970."},
            static_cast<double>(counts.base_time_ms) / 1e3);
  page->Add({"keel_archive_segments_total", "Segments that this member archived.", Kind::kCounter},
            static_cast<double>(counts.segments));
  page->Add({"keel_archive_bytes_total", "Bytes of them.", Kind::kCounter},
            static_cast<double>(counts.bytes));
  page->Add({"keel_archive_bases_total", "Bases that this member archived.", Kind::kCounter},
            static_cast<double>(counts.bases));
  page->Add({"keel_archive_failures_total", "Times that the archive could not be written or read.",
             Kind::kCounter},
            static_cast<double>(counts.failures));
  page->Add({"keel_archive_gaps_total",
             "Times that the log went before it was archived: restores refuse to cross these.",
             Kind::kCounter},
            static_cast<double>(counts.gaps));
}

}  // namespace keel::server
