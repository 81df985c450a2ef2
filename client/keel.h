// All of libkeel's typed interface: docs/sdk.md teaches it.
#pragma once

#include "client/client.h"           // IWYU pragma: export
#include "client/cluster.h"          // IWYU pragma: export
#include "client/contest_options.h"  // IWYU pragma: export
#include "client/election.h"         // IWYU pragma: export
#include "client/kv.h"               // IWYU pragma: export
#include "client/lease.h"            // IWYU pragma: export
#include "client/lock.h"             // IWYU pragma: export
#include "client/maintenance.h"      // IWYU pragma: export
#include "client/options.h"          // IWYU pragma: export
#include "client/pages.h"            // IWYU pragma: export
#include "client/pipeline.h"         // IWYU pragma: export
#include "client/txn.h"              // IWYU pragma: export
#include "client/typed.h"            // IWYU pragma: export
#include "client/types.h"            // IWYU pragma: export
#include "client/watch.h"            // IWYU pragma: export
