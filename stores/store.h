// Store: where checkpoints, configs, their journal and the runs live. One interface, one
// conformance suite (tests/stores/store_conformance.h), identical answers from every
// implementation.
//
// Threads: thread-safe; a call may block for about StoreOptions::busy_wait_max (UpdateConfig:
// config_wait_max), once to begin and once to commit, plus the I/O itself. It also waits for the
// calls of other threads, UpdateConfig no longer than config_wait_max. Once StoreOptions::hurry
// says so, nothing waits for more than a few seconds.
// Durability: when a writing call returns OK, its effect survives kill -9 and power loss (G20,
// G44); when it returns anything else, either nothing or everything of it happened, and repeating
// the same call is safe (G26). After a failed sync of storage the store stays failed (G45): every
// later call is Unavailable and says so.
//
// Errors: NotFound; FailedPrecondition (fenced: another run took over; the run must stop); Aborted
// (another live run holds the connection or an exclusive config); Unavailable (storage failed, is
// full or is locked); DataLoss (corrupt file, newer schema); PermissionDenied (encrypted, and the
// keys at hand do not open it); InvalidArgument (what only a bug of the caller produces: empty
// names, a run id used before, mixed state types, NaN). Messages name the store and what to do,
// never stored content.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/message.h"
#include "protocol/state.h"
#include "secrets/keyring.h"
#include "stores/config_document.h"

namespace shunt {

inline constexpr absl::Duration kBusyWaitMax = absl::Seconds(30);
// Several calls follow on a request to end, and the end has 25 s (G37).
inline constexpr absl::Duration kHurriedWaitMax = absl::Seconds(2);
inline constexpr absl::Duration kRunLease = absl::Seconds(30);

// Identity of a run. `epoch` comes from one store-wide sequence, so it orders all runs (G18).
struct RunHandle {
  std::string connection;
  std::string run_id;
  int64_t epoch = 0;
};

// What a run asks for when it begins.
struct RunRequest {
  std::string connection;
  std::string run_id;
  absl::Time now;
  bool take_over = false;  // also when another live run holds the connection
  // Ids of configs that no other live run that asks for them may have meanwhile, whatever its
  // connection: two connectors that share a single-use refresh token would both spend it.
  std::vector<std::string> exclusive_configs = {};
};

struct RunRecord {
  RunHandle handle;
  absl::Time started_at;
  std::optional<absl::Time> finished_at;
  // Name of the exit code; "running" (its process lives), "dead" (it does not and never finished).
  std::string status;
  std::string report_json;  // "" until finished
};

// One lane's newest durable state. A write without a blob removes the lane (null stream state).
struct CheckpointWrite {
  StateType type = StateType::kStream;
  StreamDescriptor stream;
  std::optional<std::string> blob;
};

// Puts another checkpoint in the place of a connection's.
struct CheckpointReplacement {
  std::string connection;
  absl::Time now;
  std::string cause = "import";  // import, reset, rollback, state-file: for ListPastCheckpoints
  // Not null: it must hold the connection, or nothing is replaced (FailedPrecondition).
  std::optional<RunHandle> run = std::nullopt;
};

// A checkpoint as something found it and replaced it: what a rollback goes back to. The first
// commit of a run leaves one, and so does every replacement, each in its own transaction; a run
// leaves one at most. One that equals the next newer one goes: a run that found nothing new to move
// is no step back. Per connection the newest kPastCheckpointsMax are kept, and the states of as
// many of them, newest first, as fit into kPastBytesMax; one that is bigger alone does not count.
struct PastCheckpoint {
  int64_t id = 0;  // grows in a store
  absl::Time replaced_at;
  std::string cause;              // "run", or that of the replacement
  std::string run_id;             // the run that came then; "": none
  std::optional<StateType> type;  // none: there was no state
  int64_t lanes = 0;
  int64_t bytes = 0;  // of the blobs
  bool kept = true;   // false: too big, its states are gone
};
inline constexpr int64_t kPastCheckpointsMax = 20;
inline constexpr int64_t kPastBytesMax = int64_t{32} << 20;

// What a store is, beside what is in it.
struct StoreIdentity {
  std::string store_id;  // 32 hex digits, made with the store; a copy of the store keeps it
  // Not empty: its configs are encrypted, and this can be opened only with a key that is right. It
  // also says how every document of the store has to look (stores/sealed_store.h).
  std::string seal;
};

// What an update of a config decided: written in the transaction that read the document.
struct ConfigChange {
  std::optional<ConfigDocument> document;  // empty: the document stays
  std::vector<JournalRow> rows;            // inserted, or replaced when their unique key exists
  // Nothing is written when the store has a seal (PermissionDenied), and it gets none meanwhile.
  bool only_unsealed = false;
  // The store's new seal, for a store that has one: who gives it has read the identity before, and
  // nobody else changes a seal between the read of the document and this.
  std::optional<std::string> seal = std::nullopt;
};

// What opening a store with keys may do to it.
enum class Sealing : uint8_t {
  kNew,       // encrypt one with nothing in it; one with configs in the clear is InvalidArgument
  kExisting,  // also that one: its configs are encrypted
  kRekey,     // also one that an earlier version encrypted, or that was left half done
  kTrust,     // likewise, and whatever stands there is taken for the truth, if it can be opened
  // Write nothing, and answer as the first two would.
  kLook,
  kLookExisting,  // what is in the clear is read as it is
};

class Store {
 public:
  virtual ~Store() = default;

  // For people: "sqlite:/path", "postgresql://user@host/name", "memory:". Never holds a password.
  virtual std::string url() const = 0;

  virtual absl::StatusOr<StoreIdentity> ReadIdentity() = 0;
  // In one transaction, alone among those that change a seal. There is no way back: an empty answer
  // is InvalidArgument. `edit` is as pure as Decide.
  using EditSeal = std::function<absl::StatusOr<std::string>(std::string_view seal)>;
  virtual absl::Status UpdateSeal(const EditSeal& edit) = 0;

  // Runs. A run id is used once. BeginRun takes the connection's lock: Aborted when another live
  // run holds it, unless `take_over`. It is held until EndRun or the end of the process.
  //
  // So are the exclusive configs, all or none of them, and Aborted names the first that another
  // live run has. Only runs that ask count: one that does not is neither hindered nor a hindrance.
  // `take_over` passes over the runs of the same connection, which it fences, and over no others:
  // what it asks cannot stop those. A run that was taken over keeps its configs from other
  // connections until it has ended. One that was dead, whose config somebody took, and that comes
  // back (a lease ran out while its process stood still) is fenced.
  virtual absl::StatusOr<RunHandle> BeginRun(const RunRequest& request) = 0;
  // Without exclusive configs.
  absl::StatusOr<RunHandle> BeginRun(std::string_view connection, std::string_view run_id,
                                     absl::Time now, bool take_over) {
    return BeginRun(RunRequest{.connection = std::string(connection),
                               .run_id = std::string(run_id),
                               .now = now,
                               .take_over = take_over});
  }
  virtual absl::Status EndRun(const RunHandle& run, absl::Time now, std::string_view status,
                              std::string_view report_json) = 0;
  // Newest first, at most `limit` (0: all). An empty connection: of all.
  virtual absl::StatusOr<std::vector<RunRecord>> ListRuns(std::string_view connection,
                                                          int limit) = 0;
  // The run with this id, else the only one whose id begins so. InvalidArgument: several do.
  virtual absl::StatusOr<RunRecord> FindRun(std::string_view run_id_prefix) = 0;

  // Checkpoints. All writes of one call are one transaction; they share one type. When it differs
  // from what is stored, they replace everything that is stored. GLOBAL and LEGACY have one lane,
  // whatever the descriptor. FailedPrecondition when a newer run holds the connection or `run` has
  // ended, also without writes.
  virtual absl::Status CommitCheckpoints(const RunHandle& run, absl::Time now,
                                         const std::vector<CheckpointWrite>& writes) = 0;
  // By name, then namespace (none, "", others), byte by byte.
  virtual absl::StatusOr<std::vector<StoredState>> ReadCheckpoint(std::string_view connection) = 0;
  // For `state import`, `reset`, `rollback` and --state: replaces the whole checkpoint. Without a
  // run it stops none: a live run goes on and commits over it.
  virtual absl::Status ReplaceCheckpoint(const CheckpointReplacement& replacement,
                                         const std::vector<StoredState>& states) = 0;
  absl::Status ReplaceCheckpoint(std::string_view connection, absl::Time now,
                                 const std::vector<StoredState>& states) {
    return ReplaceCheckpoint(
        CheckpointReplacement{.connection = std::string(connection), .now = now}, states);
  }
  // Newest first.
  virtual absl::StatusOr<std::vector<PastCheckpoint>> ListPastCheckpoints(
      std::string_view connection) = 0;
  // As ReadCheckpoint. NotFound: the connection has no such past, or its states are gone.
  virtual absl::StatusOr<std::vector<StoredState>> ReadPastCheckpoint(std::string_view connection,
                                                                      int64_t id) = 0;
  // Those with a run or a checkpoint, by name.
  virtual absl::StatusOr<std::vector<std::string>> ListConnections() = 0;

  // Configs. `decide` is called once with the stored document inside the transaction; its result is
  // written in the same one. An error of its is returned and nothing is written. It must be a pure
  // function (a store may call it again when it retries) and must not call the store. A generation
  // never goes back, and rows are of this config: else InvalidArgument. After rows were written,
  // those that RowsToForget (stores/journal_retention.h) names are gone.
  using Decide = std::function<absl::StatusOr<ConfigChange>(const ConfigDocument&)>;
  virtual absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) = 0;
  // Likewise for what needs the journal too, in the order of ReadJournal. Nothing is forgotten.
  using Rewrite = std::function<absl::StatusOr<ConfigChange>(const ConfigDocument&,
                                                             const std::vector<JournalRow>&)>;
  virtual absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) = 0;
  // May not exist(): then it is a default one.
  virtual absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) = 0;
  // Those with a document or a journal, by name.
  virtual absl::StatusOr<std::vector<std::string>> ListConfigs() = 0;
  // In the order in which the rows first came here.
  virtual absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) = 0;

 protected:
  Store() = default;
};

struct StoreOptions {
  absl::Duration busy_wait_max = kBusyWaitMax;
  // Of UpdateConfig, when it is shorter: its callers try again by themselves, and until it answers,
  // an update may be in nothing but memory.
  absl::Duration config_wait_max = absl::Seconds(5);
  // Encrypts configs and their journal. Null: they are not encrypted, and those of a store that is
  // encrypted are out of reach (PermissionDenied).
  std::shared_ptr<const Keyring> keys = nullptr;
  Sealing sealing = Sealing::kNew;  // with keys
  // A file outside of the store that knows how new it was (stores/seal_anchor.h); "": none.
  std::string seal_anchor = {};
  // PostgreSQL: how long a run counts as alive after its process was last heard of.
  absl::Duration run_lease = kRunLease;
  // Once it is true (somebody wants to stop), no call waits for more than a few seconds, also one
  // that waits already: SQLite kHurriedWaitMax, PostgreSQL three. Asked by any thread.
  std::function<bool()> hurry = nullptr;
  // What people should know about the store although it works. Called while it is being opened.
  std::function<void(std::string_view)> warn = nullptr;
};

// "sqlite:PATH", "postgresql://[USER@]HOST[:PORT]/DATABASE[?...]" (stores/postgres_target.h) or
// "memory:". InvalidArgument for anything else, and for a URL with a password in it;
// PermissionDenied when the store is encrypted with another key. With keys, also InvalidArgument
// for a store that is not encrypted (Sealing), and DataLoss for one that was and no longer says so.
// SQLite: rollback journal,
// synchronous=EXTRA, secure_delete, file and directory made 0600/0700 when missing.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view url,
                                                 const StoreOptions& options = {});

// Encrypts all configs of an opened store and their journal anew with the first of its keys.
// Returns how many configs that changed, opening included. Safe to repeat, and while runs go on
// that have the new key. InvalidArgument: it was opened without keys, or not by OpenStore.
absl::StatusOr<int> ReencryptStore(Store& store);

}  // namespace shunt
