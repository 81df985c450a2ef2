// Where a command's words go to and come from: standard output, standard error, standard input.
//
// Out may be called from several threads; each call's text stays in one piece. Whether it is a
// terminal decides on colours and on how progress is shown. NO_COLOR in the environment is obeyed.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace keel::ctl {

enum class Colour { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

class Terminal {
 public:
  Terminal();

  // Written through at once, so that whoever reads a pipe sees events as they come.
  void Out(std::string_view text);
  // A line on standard error.
  void Note(std::string_view line);

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  [[nodiscard]] std::string Paint(Colour colour, const std::string& text) const;
  struct Size {
    size_t columns = 80;
    size_t rows = 24;
  };
  [[nodiscard]] Size size() const;

  // The next line of standard input without its newline; nothing at its end, or when interrupted.
  // A last line without a newline counts only if `take_unended`.
  [[nodiscard]] std::optional<std::string> ReadLine(bool take_unended = false);
  // All that is left of standard input.
  [[nodiscard]] std::string ReadAll();
  // Asks for a password on the terminal, without showing what is typed.
  [[nodiscard]] std::optional<std::string> AskPassword(std::string_view prompt);

 private:
  // More of standard input into pending_; false at its end or when interrupted.
  bool Fill();

  const bool is_terminal_;
  const bool coloured_;
  std::mutex mutex_;
  std::string pending_;
};

}  // namespace keel::ctl
