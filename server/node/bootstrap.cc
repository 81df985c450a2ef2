#include "server/node/bootstrap.h"

#include <algorithm>
#include <set>
#include <utility>

#include "api/keel/peer.pb.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace keel::node {

namespace {

constexpr uint32_t kFormat = 1;

}  // namespace

Introduction IntroductionOf(const MemberRecord& record, const MemberInfo& self) {
  return {.cluster_token = record.cluster_token,
          .cluster_id = record.cluster_id,
          .member = record.member,
          .name = self.name,
          .phase = record.phase,
          .client_urls = self.client_urls};
}

std::string EncodeIntroduction(const Introduction& introduction) {
  peer::Introduction message;
  message.set_version(kFormat);
  message.set_cluster_token(introduction.cluster_token);
  message.set_cluster_id(introduction.cluster_id);
  message.set_member(introduction.member.value());
  message.set_name(introduction.name);
  message.set_phase(static_cast<uint32_t>(introduction.phase));
  message.set_config(introduction.config);
  for (const std::string& url : introduction.client_urls) message.add_client_urls(url);
  return message.SerializeAsString();
}

std::optional<Introduction> DecodeIntroduction(std::string_view bytes) {
  constexpr size_t kBytesMax = 256 << 10;
  peer::Introduction message;
  if (bytes.size() > kBytesMax ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  const bool is_phase = message.phase() >= static_cast<uint32_t>(MemberPhase::kNew) &&
                        message.phase() <= static_cast<uint32_t>(MemberPhase::kMember);
  if (message.version() != kFormat || !is_phase || message.member() == 0) return std::nullopt;
  return Introduction{.cluster_token = message.cluster_token(),
                      .cluster_id = message.cluster_id(),
                      .member = NodeId(message.member()),
                      .name = message.name(),
                      .phase = static_cast<MemberPhase>(message.phase()),
                      .client_urls = {message.client_urls().begin(), message.client_urls().end()},
                      .config = message.config()};
}

Status Bootstrap::Validate(const Options& options) {
  std::set<std::string> names;
  for (const MemberInfo& member : options.initial) {
    if (!names.insert(member.name).second) {
      return InvalidArgument("--initial-cluster names " + member.name +
                             " twice: give each member a name of its own");
    }
  }
  if (!names.contains(options.name)) {
    return InvalidArgument("--initial-cluster does not name this member, " + options.name +
                           ": mend --name or --initial-cluster");
  }
  return {};
}

Bootstrap::Bootstrap(Options options)
    : options_(std::move(options)), record_(options_.files->record()) {}

MemberInfo Bootstrap::Self() const {
  for (const MemberInfo& member : options_.initial) {
    if (member.name == options_.name) return member;
  }
  return {.name = options_.name};
}

Introduction Bootstrap::Introduce() const { return IntroductionOf(record_, Self()); }

void Bootstrap::Start(Once<Status> done) {
  options_.roles.node->Post([this, done = std::move(done)]() mutable {
    done_ = std::move(done);
    const Status valid = Validate(options_);
    if (!valid.ok()) return Finish(valid);
    if (record_.phase == MemberPhase::kMember) return Finish({});
    AskAll();
  });
}

void Bootstrap::AskAll() {
  awaited_ = options_.initial.size() - 1;
  if (awaited_ == 0) return Judge();
  for (const MemberInfo& member : options_.initial) {
    if (member.name == options_.name) continue;
    options_.introducer->Ask(
        member,
        [this, name = member.name](const Result<Introduction>& answer) { OnAnswer(name, answer); });
  }
}

void Bootstrap::OnAnswer(const std::string& name, const Result<Introduction>& answer) {
  // What somebody said once may not hold any more: only the newest word counts.
  heard_.erase(name);
  if (answer.ok()) {
    heard_.emplace(name, *answer);
  } else if (options_.on_silent) {
    options_.on_silent(name, answer.status());
  }
  if (--awaited_ == 0) Judge();
}

// Never more than one step for each round: what is said next is durable by then.
void Bootstrap::Judge() {
  if (!done_) return;
  if (const Status never = WhyNever(); !never.ok()) return Finish(never);
  if (record_.phase == MemberPhase::kNew && AllSay(MemberPhase::kNew)) return Save(Prepared());
  if (record_.phase == MemberPhase::kPrepared && AllSay(MemberPhase::kPrepared)) {
    MemberRecord member = record_;
    member.phase = MemberPhase::kMember;
    return Save(std::move(member));
  }
  options_.roles.node->PostAfter(options_.retry_us, [this] { AskAll(); });
}

bool Bootstrap::AllSay(MemberPhase least) const {
  return heard_.size() + 1 == options_.initial.size() &&
         std::all_of(heard_.begin(), heard_.end(),
                     [least](const auto& said) { return said.second.phase >= least; });
}

Status Bootstrap::WhyNever() const {
  const MemberRecord prepared = Prepared();
  const ConfigAndMembers agreed = DecodeConfigEntry(record_.config);
  for (const auto& [name, said] : heard_) {
    const std::string who = "the member " + name;
    if (said.cluster_token != record_.cluster_token) {
      return FailedPrecondition(who + " belongs to the cluster with the token \"" +
                                said.cluster_token + "\", this one to \"" + record_.cluster_token +
                                "\": mend --initial-cluster-token");
    }
    if (said.name != name) {
      return FailedPrecondition(who + " calls itself " + said.name +
                                ": mend the addresses in --initial-cluster");
    }
    if (record_.phase == MemberPhase::kNew) {
      if (said.phase == MemberPhase::kMember) {
        return FailedPrecondition(
            "the cluster runs already, and this directory is empty: a member that lost its "
            "directory must not come back under its old name's vote; run `keelctl member replace " +
            options_.name + "`, or start with --initial-cluster-state existing to join anew");
      }
      const bool knows_all = heard_.size() + 1 == options_.initial.size();
      if (said.phase == MemberPhase::kPrepared && knows_all &&
          said.cluster_id != prepared.cluster_id) {
        return FailedPrecondition(
            who +
            " has agreed on other ids: a directory was lost while the cluster "
            "was being made; empty the directories of all initial members and "
            "start again");
      }
      continue;
    }
    const MemberInfo* known = nullptr;
    for (const MemberInfo& member : agreed.membership->members()) {
      if (member.name == name) known = &member;
    }
    const bool is_same = known != nullptr && known->id == said.member &&
                         (said.cluster_id == 0 || said.cluster_id == record_.cluster_id);
    if (!is_same) {
      return FailedPrecondition(who +
                                " is not who it was when the ids were agreed on: its directory was "
                                "lost; empty the directories of all initial members and start "
                                "again");
    }
  }
  return {};
}

MemberRecord Bootstrap::Prepared() const {
  std::vector<MemberInfo> members = options_.initial;
  std::vector<NodeId> ids;
  std::string identity = record_.cluster_token;
  for (MemberInfo& member : members) {
    const auto said = heard_.find(member.name);
    if (said != heard_.end()) {
      member.id = said->second.member;
      member.client_urls = said->second.client_urls;
    }
    if (member.name == options_.name) member.id = record_.member;
    ids.push_back(member.id);
  }
  const Membership membership(std::move(members));
  // Over ids and names, not addresses, which may be spelled in more than one way.
  for (const MemberInfo& member : membership.members()) {
    AppendFixed64(&identity, member.id.value());
    AppendLengthPrefixed(&identity, member.name);
  }
  MemberRecord record = record_;
  record.phase = MemberPhase::kPrepared;
  record.cluster_id = std::max<uint64_t>(1, Checksum(identity));
  record.config = raft::Config::OfVoters(ids).Encode(membership.Encode());
  return record;
}

void Bootstrap::Save(MemberRecord record) {
  options_.roles.wal->Post([this, record = std::move(record)] {
    const Status saved = options_.files->Save(record);
    options_.roles.node->Post([this, record, saved] {
      if (!saved.ok()) return Finish(saved);
      record_ = record;
      if (record_.phase == MemberPhase::kMember) return Finish({});
      AskAll();
    });
  });
}

void Bootstrap::Finish(Status status) {
  if (done_) std::move(done_)(std::move(status));
}

}  // namespace keel::node
