// The checker of kv: key by key by the search.
#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"

namespace keel::jepsen {

Answer CheckKv(const Question& question) { return CheckBySearch(question); }

}  // namespace keel::jepsen
