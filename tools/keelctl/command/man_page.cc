// keelctl(1), made of the same table as the help.
#include "tools/keelctl/command/help.h"

namespace keel::ctl {
namespace {

// Roff takes lines that begin with . or ' for commands, and \ for an escape.
std::string Roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string FlagEntries(std::span<const Flag> flags) {
  std::string out;
  for (const Flag& flag : flags) {
    out += ".TP\n.B ";
    if (flag.letter != 0) out += Roff("-" + std::string(1, flag.letter) + ", ");
    out += Roff("--" + std::string(flag.name));
    if (!flag.fallback.empty() && flag.kind != FlagKind::kSwitch) {
      out += " \\fR(default " + Roff(flag.fallback) + ")\\fP";
    }
    out += "\n" + Roff(flag.help) + "\n";
  }
  return out;
}

}  // namespace

std::string ManPage() {
  std::string out =
      ".TH KEELCTL 1 \"\" \"Keel " KEEL_VERSION
      "\" \"User Commands\"\n"
      ".SH NAME\nkeelctl \\- the command line of Keel, and of any etcd v3 cluster\n"
      ".SH SYNOPSIS\n.B keelctl\n[\\fIglobal options\\fR] \\fIcommand\\fR [\\fIoptions\\fR] "
      "[\\fIarguments\\fR]\n"
      ".SH DESCRIPTION\n"
      "Commands, flags, outputs and exit codes are etcdctl's where etcdctl has them.\n"
      ".SH COMMANDS\n";
  for (const Command& command : Commands()) {
    out += ".SS " +
           Roff("keelctl " + std::string(command.name) +
                (command.usage.empty() ? "" : " " + std::string(command.usage))) +
           "\n" + Roff(command.summary) + ".\n";
    if (!command.details.empty()) out += ".PP\n.nf\n" + Roff(command.details) + ".fi\n";
    out += FlagEntries(command.flags);
  }
  out += ".SH GLOBAL OPTIONS\n" + FlagEntries(GlobalFlags());
  return out +
         ".SH ENVIRONMENT\nKEELCTL_NAME, and else ETCDCTL_NAME, stands for the global option "
         "\\-\\-name: KEELCTL_ENDPOINTS, KEELCTL_WRITE_OUT.\n"
         ".SH FILES\n.TP\n.I ~/.config/keel/keelctl.conf\nProfiles: [name], and NAME = VALUE for "
         "global options below it. KEELCTL_CONFIG names another file.\n"
         ".SH EXIT STATUS\n0 success, 1 an error, 2 no connection, 3 wrong input, 4 a value that "
         "means nothing, 5 interrupted, 6 a file, 128 wrong arguments.\n";
}

}  // namespace keel::ctl
