#include "tools/keelctl/output/printer.h"

#include <array>

namespace keel::ctl {
namespace {

struct FormatName {
  std::string_view name;
  Format format;
};
constexpr std::array<FormatName, 5> kFormats = {{{"simple", Format::kSimple},
                                                 {"json", Format::kJson},
                                                 {"table", Format::kTable},
                                                 {"fields", Format::kFields},
                                                 {"protobuf", Format::kProtobuf}}};

const std::function<std::string()>& FaceOf(const Faces& faces, Format format) {
  switch (format) {
    case Format::kJson:
      return faces.json;
    case Format::kTable:
      return faces.table;
    case Format::kFields:
      return faces.fields;
    case Format::kProtobuf:
      return faces.protobuf;
    case Format::kSimple:
      break;
  }
  return faces.simple;
}

}  // namespace

std::optional<Format> FormatNamed(std::string_view name) {
  for (const FormatName& each : kFormats) {
    if (each.name == name) return each.format;
  }
  return std::nullopt;
}

Printed Show(const Style& style, const Faces& faces) {
  const auto& face = FaceOf(faces, style.format);
  if (face) return face();
  for (const FormatName& each : kFormats) {
    if (each.format == style.format) {
      return Unimplemented(std::string(each.name) + " not supported as output format");
    }
  }
  return Unimplemented("not supported as output format");
}

}  // namespace keel::ctl
