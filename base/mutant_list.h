// The bugs that the mutant build can put back in, one switch each. The number at the end of a name
// is the bug's line in docs/pitfalls.md; the canary is no known bug, only one that must be found.
#pragma once

#include <cstdint>

// X(name, what the switch does)
#define KEEL_MUTANT_LIST(X)                                                                    \
  X(kCanary, "a leader commits whatever its own disk holds")                                   \
  X(kTermAndVoteApart1, "the term is persisted in one write and the vote in the next")         \
  X(kVoteErasedOnStepDown2, "stepping down forgets the vote of the term")                      \
  X(kAckBeforeFsync3, "a leader counts and applies entries that its disk has not confirmed")   \
  X(kEmptyAppendAcks4, "an empty append is acknowledged before the log is durable")            \
  X(kStaleLastWritten5, "a late completion vouches for entries that were truncated")           \
  X(kCommitBeyondVerified6, "a follower commits entries that no append has verified")          \
  X(kCommitsOldTerm7, "an older term's entry is committed by counting replicas")               \
  X(kSuccessThenTruncated8, "success is claimed for a tail that the append did not cover")     \
  X(kTailNotTruncated9, "the storage keeps the conflicting tail behind what was overwritten")  \
  X(kDelayedAppendTruncates10, "an append that matches cuts off what follows it")              \
  X(kGapNearSizeLimit11, "packing skips an entry that does not fit and goes on behind it")     \
  X(kSingleServerUnsafe12, "single-server changes without a commit in the leader's term")      \
  X(kConfigAtApply13, "votes are counted by the applied config, replicas by the appended one") \
  X(kIgnoresUncommittedConfig14, "a new leader ignores a config that it has not committed")    \
  X(kNoAutoLeave15, "nobody leaves a joint config")                                            \
  X(kLeaderOutsideCounts16, "a leader outside the config counts itself")                       \
  X(kJointNoSelfVote17, "a candidate in a joint config does not vote for itself")              \
  X(kRecoveredJoint18, "a joint config of an earlier term is never finished")                  \
  X(kStepsDownInJoint19, "a removed leader steps down before the joint config is left")        \
  X(kRemovedLeaderWedges20, "a leader that removes itself stops leading at append")            \
  X(kRemovedDisrupts21, "a removed member's campaigns are heard")                              \
  X(kIdReused22, "a removed id may join again")                                                \
  X(kDirectSwitch23, "several voters change at once without a joint config")                   \
  X(kPromotesLaggard24, "a learner is promoted before it has caught up")                       \
  X(kPreVoteDeadlock25, "a pre-vote from a lower term gets no answer")                         \
  X(kOldPreVotes26, "pre-votes of an earlier campaign count in this one")                      \
  X(kNoCheckQuorum27, "a leader that hears from no majority leads on")                         \
  X(kStalledDiskLeads28, "a leader whose disk stalls leads on")                                \
  X(kReadBeforeNoop29, "reads are answered before the term's first commit")                    \
  X(kReadIdReused30, "an answer to another start's read is taken for this one's")              \
  X(kReadWithoutIndex31, "a confirmed leader reads its local state, however far it lags")      \
  X(kLateTimeoutNow32, "a lease is trusted after a transfer was offered")                      \
  X(kTwoQuickSnapshots35, "a second snapshot is acknowledged while the first is installed")    \
  X(kKeepsConflict36, "an entry that conflicts with the snapshot's last one is kept")          \
  X(kOldSnapshot37, "an older snapshot replaces a newer log")                                  \
  X(kGapAfterSnapshot38, "a state older than the log's first entry goes on without the gap")   \
  X(kFloodsASlowPeer49, "what is in flight to one peer has no bound")                          \
  X(kTooLargeTaken50, "a command that fits no entry is taken all the same")                    \
  X(kVoteRequestEarly53, "vote requests leave before the candidate's own vote is durable")     \
  X(kWipedComesBack54, "a wiped member comes back under its old id")

// The bugs of the replicated state, in kv/.
#define KEEL_KV_MUTANT_LIST(X)                                                             \
  X(kRotatesUnsynced46, "a new LevelDB log is made before the one before it is durable")   \
  X(kCurrentUnsynced46, "CURRENT is renamed without a sync of its directory")              \
  X(kTornTailKept46, "a torn tail is left to LevelDB")                                     \
  X(kAppliedApart40, "the applied index is written behind the data, not with it")          \
  X(kCompactionLowersRevision41, "a restart takes the revision from what compaction left") \
  X(kRetryTwice47, "a command of a session is carried out as often as it is sent")         \
  X(kWatchGap48, "a watcher that catches up starts where the ring does")                   \
  X(kWatchTwice48, "the hand-over from the disk repeats the last revision")                \
  X(kWatchHalfRevision48, "a read from the disk stops within a revision")                  \
  X(kStaleRevoke34, "a revoke by a leader of another term is carried out")                 \
  X(kLateClearing57, "a renewal is answered before the checkpoint is cleared")             \
  X(kRenewsWhileRevoking57, "a keepalive is answered while its revoke is in flight")       \
  X(kSnapshotUnsynced39, "an installed snapshot is reported before it is durable")         \
  X(kOlderSnapshot37, "a snapshot older than the store is installed")                      \
  X(kRestoreRevision51, "a restore goes back to the backup's revision")                    \
  X(kLeaseEndsEarly, "a lease is revoked after two thirds of its time to live")

// The bugs of the whole node, in server/node; without a number: breaks of its own promises.
#define KEEL_NODE_MUTANT_LIST(X)                                                            \
  X(kPromisesNotAwaited3, "what promises durability is sent before the disk has confirmed") \
  X(kAnsweredWhenPlaced8, "a write is answered once it is in the leader's log")             \
  X(kReadsAtOnce31, "a read is answered before the state has reached its index")            \
  X(kWallClockTimers33, "timers go by the wall clock")                                      \
  X(kForwardedAgain58, "a forwarded proposal is forwarded again after a leader change")     \
  X(kForwardTakenTwice58, "a forward that the network doubled is taken twice")              \
  X(kOutcomeLost, "a proposal that its leader refuses is forgotten")                        \
  X(kMembersForgotten, "the log is cut, and the members that it told of are not written down")

// The bugs of the log and the vote on disk, in wal/.
#define KEEL_WAL_MUTANT_LIST(X)                                                           \
  X(kWalAckBeforeSync3, "a batch is acknowledged before it is synced")                    \
  X(kWalTailKept9, "the conflicting tail stays behind the entry that replaces it")        \
  X(kWalOldReset37, "a reset to an older snapshot drops the newer log")                   \
  X(kWalGapIgnored38, "a gap between the state and the log is not noticed")               \
  X(kWalGoesOnAfterFailedSync42, "a failed sync is tried again, and the log goes on")     \
  X(kWalNoDirectorySync43, "names of segments are not synced")                            \
  X(kVoteNoDirectorySync43, "the name of the vote file is not synced")                    \
  X(kWalDamageTakenForTail44, "damage below a proven offset is cut off like a torn tail") \
  X(kWalFullDiskMovesOn45, "a write that the full disk refused still moves the end on")   \
  X(kWalStaleRecords55, "records of an earlier life of a segment pass for new ones")      \
  X(kWalSequenceReused55, "a sequence that a lost rename had used is given out again")    \
  X(kVoteOneSlot56, "each vote goes into one slot only, in turn")                         \
  X(kVoteOneSync56, "both slots of the vote are made durable by one sync")                \
  X(kVoteUnsynced, "a vote is promised without a sync")

// The bugs of the continuous archive, in backup/archive and server/archive; breaks of its own
// promises.
#define KEEL_ARCHIVE_MUTANT_LIST(X)                                                            \
  X(kArchiveBytesUnsynced, "an archived file gets its name before its bytes are synced")       \
  X(kArchiveNameUnsynced, "an archived file counts before its name is synced")                 \
  X(kArchiveUnsettled, "a new leader counts on names that the one before had not synced")      \
  X(kArchiveParentUnsynced, "who finds the archive's directory does not sync its name")        \
  X(kArchiveMarkedEarly, "the log is let go up to what is committed, not to what is archived") \
  X(kArchiveGapUntold, "a gap whose note could not be written stays without one")              \
  X(kArchiveGapSkipped, "what the log has lost is left out, and the chain goes on behind it")  \
  X(kArchiveTakenTwice, "what two leaders archived both is replayed twice")                    \
  X(kArchiveBaseAhead, "a base has the name of a later moment than its state")                 \
  X(kArchivePrunesNeeded, "retention takes the segment that leads on from the oldest base")    \
  X(kArchiveJoinsEarly, "the parts of a joined segment go before it is there")                 \
  X(kArchiveTipAhead, "the tip vouches for moments in which writes are under way")             \
  X(kArchiveHidesExposure, "what waits to be archived is not told while nothing fails")

namespace keel::mutants {

enum class Mutant : uint8_t {
  kNone,
#define KEEL_MUTANT_NAME(name, text) name,
  KEEL_MUTANT_LIST(KEEL_MUTANT_NAME) KEEL_KV_MUTANT_LIST(KEEL_MUTANT_NAME)
      KEEL_NODE_MUTANT_LIST(KEEL_MUTANT_NAME) KEEL_WAL_MUTANT_LIST(KEEL_MUTANT_NAME)
          KEEL_ARCHIVE_MUTANT_LIST(KEEL_MUTANT_NAME)
#undef KEEL_MUTANT_NAME
};

}  // namespace keel::mutants
