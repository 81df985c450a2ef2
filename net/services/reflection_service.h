// Server reflection, v1 and v1alpha: describes the table's services from the Protobuf descriptors
// that are linked into the program.
//
// The two versions differ in name only, so one implementation serves both. The table outlives its
// own entries, and so this service, which keeps no state of its own.
#pragma once

#include "net/method_table.h"

namespace keel::net {

// Lists whatever the table holds when it is asked, itself included.
void AddReflection(MethodTable* table);

}  // namespace keel::net
