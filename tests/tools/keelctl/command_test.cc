// Command lines: flags anywhere, commands cut short, the environment, profiles, and the help.
#include "tools/keelctl/command/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tools/keelctl/command/find.h"
#include "tools/keelctl/command/help.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Line = std::vector<std::string>;

struct Taken {
  Arguments arguments;
  FlagValues flags;
};

Result<Taken> Take(const Line& line) {
  const Found found = FindCommand(line);
  if (found.command == nullptr) return NotFound(found.refusal);
  Taken taken;
  taken.flags.Declare(GlobalFlags());
  taken.flags.Declare(found.command->flags);
  auto arguments = TakeFlags(found.rest, &taken.flags);
  if (!arguments.ok()) return arguments.status();
  taken.arguments = *std::move(arguments);
  return taken;
}

TEST(Flags, StandBeforeBetweenAndBehindArguments) {
  for (const Line& line : {Line{"get", "--prefix", "a", "--limit=5", "-w", "json"},
                           Line{"--write-out=json", "get", "a", "--prefix", "--limit", "5"},
                           Line{"-wjson", "get", "--limit", "5", "--prefix=true", "a"},
                           Line{"-w", "json", "--limit", "5", "get", "a", "--prefix"}}) {
    const auto taken = Take(line);
    ASSERT_TRUE(taken.ok()) << taken.status();
    EXPECT_THAT(taken->arguments.words, ElementsAre("a"));
    EXPECT_TRUE(taken->flags.Switch("prefix"));
    EXPECT_EQ(taken->flags.Integer("limit"), 5);
    EXPECT_EQ(taken->flags.Text("write-out"), "json");
  }
}

TEST(Flags, NothingIsAFlagBehindDashes) {
  const auto taken = Take({"watch", "a", "--prefix", "--", "echo", "--limit", "-w"}).value();
  EXPECT_THAT(taken.arguments.words, ElementsAre("a", "echo", "--limit", "-w"));
  EXPECT_EQ(taken.arguments.before_dashes, 1U);
  EXPECT_TRUE(taken.arguments.has_dashes);
}

TEST(Flags, WrongOnesAreNamed) {
  const auto words_of = [](const Line& line) { return std::string(Take(line).status().message()); };
  EXPECT_EQ(words_of({"get", "--nonsense"}), "unknown flag: --nonsense");
  EXPECT_EQ(words_of({"get", "-z"}), "unknown shorthand flag: 'z' in -z");
  EXPECT_EQ(words_of({"get", "a", "--limit"}), "flag needs an argument: --limit");
  EXPECT_THAT(words_of({"get", "--limit=x"}), HasSubstr("invalid argument \"x\" for \"--limit\""));
  EXPECT_THAT(words_of({"get", "--prefix=maybe"}), HasSubstr("expecting true or false"));
  EXPECT_THAT(words_of({"get", "--dial-timeout=5"}), HasSubstr("is not a duration"));
}

TEST(Find, WordsMayBeCutShortWhileTheyAreClear) {
  const auto name_of = [](const Line& line) {
    const Found found = FindCommand(line);
    return found.command == nullptr ? "" : std::string(found.command->name);
  };
  EXPECT_EQ(name_of({"member", "list"}), "member list");
  EXPECT_EQ(name_of({"mem", "li"}), "member list");
  EXPECT_EQ(name_of({"--endpoints", "a:1", "lease", "--hex", "grant", "5"}), "lease grant");
  EXPECT_EQ(name_of({"lease", "nonsense"}), "");
  EXPECT_THAT(FindCommand(Line{"el"}).refusal, "");
  EXPECT_THAT(FindCommand(Line{"s"}).refusal, HasSubstr("more than one command"));
  EXPECT_THAT(FindCommand(Line{"nonsense"}).refusal, HasSubstr("unknown command \"nonsense\""));
}

TEST(Find, AGroupAloneAsksForHelp) {
  EXPECT_TRUE(FindCommand(Line{}).wants_help);
  EXPECT_TRUE(FindCommand(Line{"--help"}).wants_help);
  EXPECT_EQ(FindCommand(Line{"lease"}).group, "lease");
  const Line line{"help", "lease", "grant"};
  const Found found = FindCommand(line);
  ASSERT_NE(found.command, nullptr);
  EXPECT_TRUE(found.wants_help);
}

FlagValues Globals() {
  FlagValues values;
  values.Declare(GlobalFlags());
  return values;
}

TEST(Settings, TheCommandLineWinsThenKeelctlThenEtcdctlThenTheProfile) {
  const Environment environment = {{"KEELCTL_ENDPOINTS", "a:1"},
                                   {"ETCDCTL_ENDPOINTS", "b:1"},
                                   {"ETCDCTL_USER", "env"},
                                   {"ETCDCTL_WRITE_OUT", "json"}};
  const Profiles profiles =
      ParseProfiles("# mine\n[default]\nuser = profile\nhex = true\nendpoints = c:1\n").value();
  FlagValues values = Globals();
  ASSERT_TRUE(values.Set("write-out", "table").ok());
  ASSERT_TRUE(FillFromEnvironment(environment, &values).ok());
  ASSERT_TRUE(FillFromProfile(profiles, &values).ok());
  EXPECT_EQ(values.Text("write-out"), "table");
  EXPECT_EQ(values.Text("endpoints"), "a:1");
  EXPECT_EQ(values.Text("user"), "env");
  EXPECT_TRUE(values.Switch("hex"));
}

TEST(Settings, BrokenProfilesAreNamed) {
  EXPECT_THAT(std::string(ParseProfiles("user = x\n").status().message()), HasSubstr("line 1"));
  FlagValues values = Globals();
  ASSERT_TRUE(values.Set("profile", "absent").ok());
  EXPECT_THAT(std::string(FillFromProfile({{"here", {}}}, &values).message()),
              HasSubstr("no profile \"absent\""));
  FlagValues other = Globals();
  EXPECT_THAT(std::string(FillFromProfile({{"default", {{"nonsense", "1"}}}}, &other).message()),
              HasSubstr("no flag is called \"nonsense\""));
}

TEST(Settings, TlsIsRefusedInClearWords) {
  FlagValues values = Globals();
  ASSERT_TRUE(values.Set("cacert", "ca.pem").ok());
  const auto settings = SettingsOf(values);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.status().code(), Code::kUnimplemented);
  EXPECT_EQ(settings.status().message(), "--cacert: TLS is not supported yet");
  EXPECT_EQ(ParseEndpoint("https://a:1").status().code(), Code::kUnimplemented);
}

TEST(Settings, AUserMayCarryItsPassword) {
  FlagValues values = Globals();
  ASSERT_TRUE(values.Set("user", "root:a:b").ok());
  const Settings settings = SettingsOf(values).value();
  EXPECT_EQ(settings.calls.user, "root");
  EXPECT_EQ(settings.calls.password, "a:b");
}

TEST(Endpoints, AreHostsAndPorts) {
  EXPECT_EQ(ParseEndpoint("127.0.0.1:2379").value().port, 2379);
  EXPECT_EQ(ParseEndpoint("http://db.example:1/").value().host, "db.example");
  EXPECT_EQ(ParseEndpoint("[::1]:5").value().host, "::1");
  for (const char* broken : {"", "a", "a:", "a:x", "a:0", "a:70000", ":5", "http://a/b:1"}) {
    EXPECT_EQ(ParseEndpoint(broken).status().code(), Code::kInvalidArgument) << broken;
  }
}

Result<etcdserverpb::RangeRequest> RangeOf(const Line& line) {
  const auto taken = Take(line);
  if (!taken.ok()) return taken.status();
  return RangeRequestOf(taken->flags, taken->arguments.words);
}

TEST(Requests, PrefixesAndOpenEndsBecomeRanges) {
  EXPECT_EQ(RangeOf({"get", "a", "--prefix"})->range_end(), "b");
  EXPECT_EQ(RangeOf({"get", "a", "--from-key"})->range_end(), std::string(1, '\0'));
  EXPECT_EQ(RangeOf({"get", "", "--prefix"})->key(), std::string(1, '\0'));
  EXPECT_EQ(RangeOf({"get", "a", "c"})->range_end(), "c");
  EXPECT_EQ(RangeOf({"get", "a", "--prefix", "--from-key"}).status().message(),
            "`--prefix` and `--from-key` cannot be set at the same time, choose one");
  EXPECT_FALSE(RangeOf({"get", "a", "b", "--prefix"}).ok());
  EXPECT_FALSE(RangeOf({"get"}).ok());
}

TEST(Requests, KeysInTheirNaturalOrderAreNotSorted) {
  using etcdserverpb::RangeRequest;
  EXPECT_EQ(RangeOf({"get", "a", "--order=ascend"})->sort_order(), RangeRequest::NONE);
  EXPECT_EQ(RangeOf({"get", "a", "--order=DESCEND"})->sort_order(), RangeRequest::DESCEND);
  EXPECT_EQ(RangeOf({"get", "a", "--sort-by=modify"})->sort_target(), RangeRequest::MOD);
  EXPECT_EQ(RangeOf({"get", "a", "--sort-by=x"}).status().code(), Code::kUnimplemented);
}

TEST(Help, EveryCommandHasAnEntryEverywhere) {
  const std::string all = HelpOfGroup("");
  const std::string man = ManPage();
  for (const Command& command : Commands()) {
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_THAT(all, HasSubstr(std::string(command.name)));
    EXPECT_THAT(HelpOf(command), HasSubstr("keelctl " + std::string(command.name)));
    std::string roff(command.name);
    for (size_t at = 0; (at = roff.find('-', at)) != std::string::npos; at += 2)
      roff.insert(at, "\\");
    EXPECT_THAT(man, HasSubstr(".SS keelctl " + roff));
  }
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ASSERT_TRUE(CompletionFor(shell)) << shell;
    EXPECT_THAT(*CompletionFor(shell), HasSubstr("keep-alive"));
  }
  EXPECT_FALSE(CompletionFor("csh"));
}

TEST(Help, NoCommandHidesAGlobalFlag) {
  std::set<std::string_view> global;
  for (const Flag& flag : GlobalFlags()) global.insert(flag.name);
  for (const Command& command : Commands()) {
    for (const Flag& flag : command.flags) {
      EXPECT_FALSE(global.contains(flag.name)) << command.name << " --" << flag.name;
      EXPECT_FALSE(flag.help.empty()) << command.name << " --" << flag.name;
    }
  }
}

TEST(Progress, SaysRateAndRemainingTime) {
  const Progress::Options options{
      .what = "saved",
      .write = [](double bytes) { return HumanBytes(static_cast<uint64_t>(bytes)); },
      .total = 40'000'000};
  EXPECT_EQ(Progress::Line(options, 10'000'000, 5),
            "saved 10 MB of 40 MB, 25%, 2.0 MB/s, 15s left");
  EXPECT_EQ(Progress::Bar(0.5, 8), "[====>   ]");
  EXPECT_EQ(Progress::Bar(1, 4), "[====]");
}

}  // namespace
}  // namespace keel::ctl
