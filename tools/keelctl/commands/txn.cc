// txn: compares, the requests of success and those of failure, a line each, with an empty line
// behind each of the three.
#include "tools/keelctl/text/txn_language.h"

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

Result<pb::RequestOp> RequestOf(const std::string& line, Context& context) {
  const Status wrong = InvalidArgument("invalid txn request: " + line);
  const auto words = SplitWords(line);
  if (!words.ok()) return words.status();
  if (words->size() < 2) return InvalidArgument("invalid txn compare request: " + line);
  const std::string& name = words->front();
  const auto flags_named = [&]() -> std::span<const Flag> {
    if (name == "put") return PutFlags();
    if (name == "get") return GetFlags();
    return DeleteFlags();
  };
  if (name != "put" && name != "get" && name != "del") return wrong;
  FlagValues flags;
  flags.Declare(flags_named());
  const auto arguments = TakeFlags(std::span(*words).subspan(1), &flags);
  if (!arguments.ok()) return wrong;
  pb::RequestOp op;
  if (name == "put") {
    auto put =
        PutRequestOf(flags, arguments->words, [&context] { return context.terminal().ReadAll(); });
    if (!put.ok()) return put.status();
    *op.mutable_request_put() = *std::move(put);
  } else if (name == "get") {
    auto range = RangeRequestOf(flags, arguments->words);
    if (!range.ok()) return range.status();
    *op.mutable_request_range() = *std::move(range);
  } else {
    auto erase = DeleteRequestOf(flags, arguments->words);
    if (!erase.ok()) return erase.status();
    *op.mutable_request_delete_range() = *std::move(erase);
  }
  return op;
}

// The lines up to the next empty one.
Result<std::vector<std::string>> ReadPart(Context& context, std::string_view prompt) {
  if (context.flags().Switch("interactive")) context.Out(std::string(prompt) + "\n");
  std::vector<std::string> lines;
  while (true) {
    auto line = context.terminal().ReadLine();
    if (!line) return InvalidArgument(interrupt::Asked() ? "interrupted" : "EOF");
    const std::string_view bare = Trim(*line);
    if (bare.empty()) return lines;
    lines.emplace_back(bare);
  }
}

Status ReadRequests(Context& context, std::string_view prompt,
                    google::protobuf::RepeatedPtrField<pb::RequestOp>* ops) {
  const auto lines = ReadPart(context, prompt);
  if (!lines.ok()) return lines.status();
  for (const std::string& line : *lines) {
    auto op = RequestOf(line, context);
    if (!op.ok()) return op.status();
    *ops->Add() = *std::move(op);
  }
  return {};
}

Result<pb::TxnRequest> ReadTxn(Context& context) {
  pb::TxnRequest request;
  const auto compares = ReadPart(context, "compares:");
  if (!compares.ok()) return compares.status();
  for (const std::string& line : *compares) {
    auto compare = ParseCompare(line);
    if (!compare.ok()) return compare.status();
    *request.add_compare() = *std::move(compare);
  }
  KEEL_RETURN_IF_ERROR(
      ReadRequests(context, "success requests (get, put, del):", request.mutable_success()));
  KEEL_RETURN_IF_ERROR(
      ReadRequests(context, "failure requests (get, put, del):", request.mutable_failure()));
  return request;
}

}  // namespace

ExitCode RunTxn(Context& context) {
  if (!context.words().empty()) {
    return context.Fail(ExitCode::kBadArguments, "txn command does not accept argument");
  }
  const auto request = ReadTxn(context);
  if (!request.ok()) return context.Fail(ExitCode::kInvalidInput, request.status().message());
  const auto answer = context.calls().Any<pb::TxnResponse>(method::kTxn, *request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintTxn(context.style(), *answer));
}

}  // namespace keel::ctl
