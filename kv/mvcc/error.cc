#include "kv/mvcc/error.h"

namespace keel::kv {

std::string_view KvErrorText(KvError error) {
  switch (error) {
#define KEEL_KV_ERROR_TEXT(name, number, text) \
  case KvError::name:                          \
    return text;
    KEEL_KV_ERROR_LIST(KEEL_KV_ERROR_TEXT)
#undef KEEL_KV_ERROR_TEXT
  }
  return "unknown error";
}

}  // namespace keel::kv
