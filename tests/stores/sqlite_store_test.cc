// The SQLite store as a file: where and how it is made, what it refuses to open, what can be seen
// in it.
#include "stores/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "tests/platform/temp_dir.h"
#include "tests/stores/store_probe.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

constexpr char kSecret[] = "s3cr3t-t0ken-that-must-not-stay";

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteAll(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// The store's file in the hands of somebody else, for example the sqlite3 shell.
class Stranger {
 public:
  explicit Stranger(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &connection_), SQLITE_OK);
  }
  ~Stranger() { sqlite3_close(connection_); }
  void Execute(const char* sql) {
    EXPECT_EQ(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(connection_);
  }
  std::string Ask(const char* sql) {
    std::string answer;
    const auto append = [](void* out, int columns, char** values, char**) {
      for (int i = 0; i < columns; ++i) {
        *static_cast<std::string*>(out) += values[i] == nullptr ? "NULL" : values[i];
        *static_cast<std::string*>(out) += i + 1 < columns ? '|' : '\n';
      }
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(connection_, sql, append, &answer, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(connection_);
    return answer;
  }

 private:
  sqlite3* connection_ = nullptr;
};

class SqliteFile : public ::testing::Test {
 protected:
  std::string Path() const { return directory_ / "store.db"; }

  std::unique_ptr<Store> Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(Path());
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  // A store with something in every table, closed.
  void Fill() {
    const std::unique_ptr<Store> store = Open();
    const RunHandle run = *store->BeginRun(kProbeConnection, "run", absl::UnixEpoch(), false);
    for (int64_t i = 0; i < 5; ++i) {
      ASSERT_TRUE(WriteProbeState(*store, run, i).ok());
      ASSERT_TRUE(WriteProbeConfig(*store, i).ok());
    }
    ASSERT_TRUE(store->EndRun(run, absl::UnixEpoch(), "ok", "{}").ok());
  }

  // Opening is refused with this code and the path, and the file stays as it is.
  void ExpectRefused(StatusCode code, std::string_view why = "") {
    const std::string before = ReadAll(Path());
    const absl::Status status = OpenProbe(Path()).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(status.message().find(Path()), absl::string_view::npos) << status;
    EXPECT_NE(status.ToString().find(why), std::string::npos) << status;
    EXPECT_TRUE(ReadAll(Path()) == before) << "the file is as it was";
  }

  TempDir directory_;
};

TEST_F(SqliteFile, IsPrivateWhateverTheUmask) {
  const mode_t before = ::umask(0);
  const std::string path = directory_ / "new/er/store.db";
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(path);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->BeginRun("a", "r1", absl::UnixEpoch(), false).ok());
  ::umask(before);
  EXPECT_EQ(ModeOf(path), 0600u);
  EXPECT_EQ(ModeOf(path + ".locks"), 0700u);
  EXPECT_EQ(ModeOf(directory_ / "new"), 0700u);
  EXPECT_EQ(ModeOf(directory_ / "new/er"), 0700u);
  for (const auto& lock : std::filesystem::directory_iterator(path + ".locks")) {
    EXPECT_EQ(ModeOf(lock.path()), 0600u);
  }
}

TEST_F(SqliteFile, BecomesPrivateWhenItWasNot) {
  Fill();
  ASSERT_EQ(::chmod(Path().c_str(), 0644), 0);
  Open();
  EXPECT_EQ(ModeOf(Path()), 0600u);
}

TEST_F(SqliteFile, LeavesTheModeOfExistingDirectories) {
  std::filesystem::create_directory(directory_ / "shared");
  ASSERT_EQ(::chmod((directory_ / "shared").c_str(), 0755), 0);
  ASSERT_TRUE(OpenProbe(directory_ / "shared/store.db").ok());
  EXPECT_EQ(ModeOf(directory_ / "shared"), 0755u);
}

TEST_F(SqliteFile, HasAnAbsoluteUrl) {
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->url(), "sqlite:" + std::filesystem::canonical(Path()).string());
}

TEST_F(SqliteFile, MayHaveAnyName) {
  for (const char* name : {"a b.db", "file:x?mode=memory", "%41", "é", "-", "x;y"}) {
    const std::string path = directory_ / name;
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(path);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(std::filesystem::exists(path)) << name;
  }
}

TEST_F(SqliteFile, MayLieBehindALinkedDirectoryButIsNoLinkItself) {
  std::filesystem::create_directory(directory_ / "real");
  std::filesystem::create_directory_symlink(directory_ / "real", directory_ / "link");
  EXPECT_TRUE(OpenProbe(directory_ / "link/store.db").ok());
  EXPECT_TRUE(std::filesystem::exists(directory_ / "real/store.db"));
  std::filesystem::create_symlink(directory_ / "real/store.db", Path());
  EXPECT_EQ(OpenProbe(Path()).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteFile, CannotBeMadeBelowAFile) {
  WriteAll(directory_ / "file", "x");
  const absl::Status status = OpenProbe(directory_ / "file/store.db").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(directory_ / "file"), absl::string_view::npos) << status;
}

TEST_F(SqliteFile, IsNoDirectory) {
  std::filesystem::create_directory(Path());
  EXPECT_EQ(OpenProbe(Path()).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteFile, CanBeReadByAPerson) {
  Fill();
  Stranger shell(Path());
  EXPECT_EQ(shell.Ask("SELECT connection, run_id, started_at, status FROM runs"),
            "probe|run|1970-01-01T00:00:00Z|ok\n");
  EXPECT_EQ(shell.Ask("SELECT connection, type, stream, namespace, trim(state) FROM checkpoints"),
            "probe|STREAM|first|NULL|4\nprobe|STREAM|second|NULL|4\n");
  EXPECT_EQ(shell.Ask("SELECT key, value, effective_at FROM config_keys WHERE key = 'second'"),
            "second|1|4.0\n");
  EXPECT_EQ(shell.Ask("SELECT seq, verdict, keys FROM config_journal WHERE seq > 3"),
            "4|pending|[]\n");
  EXPECT_EQ(shell.Ask("PRAGMA journal_mode"), "delete\n");
}

TEST_F(SqliteFile, CanBeReadByAPersonWhileItIsOpen) {
  Fill();
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(Stranger(Path()).Ask("SELECT count(*) FROM runs"), "1\n");
  EXPECT_TRUE(WriteProbeConfig(*store, 9).ok());
}

TEST_F(SqliteFile, KeepsNoTraceOfWhatWasReplaced) {
  const std::unique_ptr<Store> store = Open();
  const auto write = [&](int64_t generation, const std::string& value) {
    ConfigDocument document;
    document.generation = generation;
    document.keys = {{"token", '"' + value + '"', {}}, {"big", std::string(20000, '1'), {}}};
    return store->UpdateConfig("id", [document](const ConfigDocument&) {
      return absl::StatusOr<ConfigChange>(ConfigChange{document, {}});
    });
  };
  ASSERT_TRUE(write(0, kSecret).ok());
  EXPECT_NE(ReadAll(Path()).find(kSecret), std::string::npos);
  ASSERT_TRUE(write(1, "new").ok());
  EXPECT_EQ(ReadAll(Path()).find(kSecret), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(Path() + "-journal"));
}

TEST_F(SqliteFile, LeavesNoLockFilesOfEndedRuns) {
  const std::unique_ptr<Store> store = Open();
  for (int i = 0; i < 3; ++i) {
    const absl::StatusOr<RunHandle> run =
        store->BeginRun("a", std::to_string(i), absl::UnixEpoch(), false);
    ASSERT_TRUE(run.ok());
    ASSERT_TRUE(store->EndRun(*run, absl::UnixEpoch(), "ok", "").ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(Path() + ".locks"));
}

TEST_F(SqliteFile, SweepsTheLockFileOfADeadRun) {
  ASSERT_TRUE(Open()->BeginRun("a", "r1", absl::UnixEpoch(), false).ok());
  const std::unique_ptr<Store> store = Open();
  const absl::StatusOr<RunHandle> run = store->BeginRun("a", "r2", absl::UnixEpoch(), false);
  ASSERT_TRUE(run.ok());
  ASSERT_TRUE(store->EndRun(*run, absl::UnixEpoch(), "ok", "").ok());
  EXPECT_TRUE(std::filesystem::is_empty(Path() + ".locks"));
}

TEST_F(SqliteFile, AnAbortedBeginLeavesNoLockFile) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->BeginRun("a", "r1", absl::UnixEpoch(), false).ok());
  ASSERT_FALSE(store->BeginRun("a", "r2", absl::UnixEpoch(), false).ok());
  const auto files = std::filesystem::directory_iterator(Path() + ".locks");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(SqliteFile, ManagesWithoutItsLockDirectory) {
  const std::unique_ptr<Store> store = Open();
  std::filesystem::remove_all(Path() + ".locks");
  EXPECT_TRUE(store->BeginRun("a", "r1", absl::UnixEpoch(), false).ok());
  EXPECT_EQ(store->FindRun("r1")->status, "running");
}

TEST_F(SqliteFile, IsNotConvertedFromSomebodyElses) {
  Stranger(Path()).Execute("CREATE TABLE theirs (x)");
  ExpectRefused(StatusCode::kDataLoss, "not a shunt store");
}

TEST_F(SqliteFile, OfANewerSchemaIsRefused) {
  Fill();
  Stranger(Path()).Execute("PRAGMA user_version = 999");
  ExpectRefused(StatusCode::kDataLoss, "newer schema");
}

// Version 1 had none of these, the later ones lacked fewer and fewer.
constexpr char kBackToVersion1[] =
    "DROP TABLE store_identity; DROP INDEX config_journal_ages; DROP TABLE run_configs;"
    "DROP TABLE past_states; DROP TABLE past_checkpoints; PRAGMA user_version = 1";
constexpr char kBackToVersion2[] =
    "DROP TABLE run_configs; DROP TABLE past_states; DROP TABLE past_checkpoints;"
    "PRAGMA user_version = 2";
constexpr char kBackToVersion3[] =
    "DROP TABLE past_states; DROP TABLE past_checkpoints; PRAGMA user_version = 3";

TEST_F(SqliteFile, OfTheFirstSchemaIsBroughtUpToDate) {
  Fill();
  Stranger(Path()).Execute(kBackToVersion1);
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->ReadIdentity()->store_id.size(), 32u);
  EXPECT_FALSE(store->ReadCheckpoint(kProbeConnection)->empty());
}

TEST_F(SqliteFile, OfTheSecondSchemaIsBroughtUpToDateAndKeepsItsIdentity) {
  Fill();
  const std::string store_id = Open()->ReadIdentity()->store_id;
  Stranger(Path()).Execute(kBackToVersion2);
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->ReadIdentity()->store_id, store_id);
  EXPECT_FALSE(store->ReadCheckpoint(kProbeConnection)->empty());
  const absl::StatusOr<RunHandle> run = store->BeginRun(RunRequest{
      .connection = "a", .run_id = "alone", .now = absl::UnixEpoch(), .exclusive_configs = {"x"}});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_TRUE(store->EndRun(*run, absl::UnixEpoch(), "ok", "").ok());
}

TEST_F(SqliteFile, OfTheThirdSchemaIsBroughtUpToDateAndKeepsThePastFromThenOn) {
  Fill();
  Stranger(Path()).Execute(kBackToVersion3);
  const std::unique_ptr<Store> store = Open();
  const std::vector<StoredState> states = *store->ReadCheckpoint(kProbeConnection);
  EXPECT_FALSE(states.empty());
  EXPECT_TRUE(store->ListPastCheckpoints(kProbeConnection)->empty());
  EXPECT_TRUE(store->ReplaceCheckpoint(kProbeConnection, absl::UnixEpoch(), {}).ok());
  const std::vector<PastCheckpoint> past = *store->ListPastCheckpoints(kProbeConnection);
  ASSERT_EQ(past.size(), 1u);
  EXPECT_EQ(store->ReadPastCheckpoint(kProbeConnection, past[0].id)->size(), states.size());
}

TEST_F(SqliteFile, WithoutItsTablesIsRefusedWhenTheyAreMissed) {
  Fill();
  Stranger(Path()).Execute("DROP TABLE checkpoints");
  const std::unique_ptr<Store> store = Open();
  EXPECT_EQ(store->ReadCheckpoint("a").status().code(), StatusCode::kDataLoss);
}

TEST_F(SqliteFile, LeavesWalModeBehind) {
  Fill();
  Stranger(Path()).Execute("PRAGMA journal_mode = WAL");
  Open();
  EXPECT_EQ(Stranger(Path()).Ask("PRAGMA journal_mode"), "delete\n");
}

TEST_F(SqliteFile, InWalModeOfSomebodyWhoHasItOpenIsRefused) {
  Fill();
  Stranger shell(Path());
  shell.Execute("PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM runs");
  const absl::Status status =
      OpenStore("sqlite:" + Path(), {.busy_wait_max = absl::Milliseconds(20)}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

TEST_F(SqliteFile, ThatIsNoDatabaseIsRefused) {
  WriteAll(Path(), std::string(8192, 'x'));
  ExpectRefused(StatusCode::kDataLoss);
}

TEST_F(SqliteFile, WithAZeroedHeaderIsRefused) {
  Fill();
  std::string content = ReadAll(Path());
  content.replace(0, 100, std::string(100, '\0'));
  WriteAll(Path(), content);
  ExpectRefused(StatusCode::kDataLoss);
}

TEST_F(SqliteFile, ThatWasCutShortIsRefused) {
  Fill();
  const std::string whole = ReadAll(Path());
  for (const std::size_t size : {whole.size() - 4096, whole.size() / 2, std::size_t{4096},
                                 std::size_t{100}, std::size_t{1}}) {
    SCOPED_TRACE("size " + std::to_string(size));
    WriteAll(Path(), whole.substr(0, size));
    ExpectRefused(StatusCode::kDataLoss);
  }
}

TEST_F(SqliteFile, ThatLostEverythingIsRefused) {
  Fill();
  WriteAll(Path(), "");
  ExpectRefused(StatusCode::kDataLoss, "empty");
}

TEST_F(SqliteFile, ThatWasRemovedStartsAnew) {
  Fill();
  std::filesystem::remove(Path());
  EXPECT_TRUE(Open()->ListRuns("", 1)->empty());
}

TEST_F(SqliteFile, ThatIsEmptyButNewIsFilled) {
  WriteAll(Path(), "");
  EXPECT_NE(Open(), nullptr);
}

TEST_F(SqliteFile, WithFlippedStructureIsRefused) {
  Fill();
  const std::string whole = ReadAll(Path());
  // The first bytes of a page say what it is and where its cells lie.
  for (std::size_t page = 0; page < whole.size(); page += 4096) {
    SCOPED_TRACE("page " + std::to_string(page / 4096));
    std::string content = whole;
    for (std::size_t i = page; i < page + 12; ++i) content[i] = static_cast<char>(~content[i]);
    WriteAll(Path(), content);
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(Path());
    if (!store.ok()) {
      EXPECT_EQ(store.status().code(), StatusCode::kDataLoss) << store.status();
      EXPECT_TRUE(ReadAll(Path()) == content) << "the file is as it was";
    }
  }
}

TEST_F(SqliteFile, LockedForTooLongIsUnavailable) {
  Fill();
  const absl::StatusOr<std::unique_ptr<Store>> store =
      OpenStore("sqlite:" + Path(), {.busy_wait_max = absl::Milliseconds(20)});
  ASSERT_TRUE(store.ok()) << store.status();
  Stranger shell(Path());
  shell.Execute("BEGIN EXCLUSIVE");
  const absl::Status status = WriteProbeConfig(**store, 6);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("locked"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("20ms"), absl::string_view::npos) << status;
  EXPECT_EQ((*store)->ReadConfig("a").status().code(), StatusCode::kUnavailable);
  shell.Execute("COMMIT");
  EXPECT_TRUE(WriteProbeConfig(**store, 6).ok()) << "and then it goes on";
}

TEST_F(SqliteFile, LockedByAReaderForTooLongIsUnavailableAndUnchanged) {
  Fill();
  const absl::StatusOr<std::unique_ptr<Store>> store =
      OpenStore("sqlite:" + Path(), {.busy_wait_max = absl::Milliseconds(20)});
  Stranger shell(Path());
  shell.Execute("BEGIN; SELECT * FROM runs");
  EXPECT_EQ(WriteProbeConfig(**store, 6).code(), StatusCode::kUnavailable);
  shell.Execute("COMMIT");
  EXPECT_EQ(*ReadProbeConfig(**store), 4);
  EXPECT_TRUE(WriteProbeConfig(**store, 6).ok());
}

// The other thread's call has half a minute for another process; an update that waits for it is in
// nothing but memory meanwhile.
TEST_F(SqliteFile, LockedForAnotherThreadsCallDoesNotHoldAnUpdateForLong) {
  Fill();
  std::promise<void> waits;
  std::atomic<bool> told = false;
  const absl::StatusOr<std::unique_ptr<Store>> store =
      OpenStore("sqlite:" + Path(), {.config_wait_max = absl::Milliseconds(20), .hurry = [&] {
                                       if (!told.exchange(true)) waits.set_value();
                                       return false;
                                     }});
  ASSERT_TRUE(store.ok()) << store.status();
  Stranger shell(Path());
  shell.Execute("BEGIN EXCLUSIVE");
  std::future<absl::Status> other = std::async(std::launch::async, [&] {
    return (*store)->ReplaceCheckpoint("other", absl::UnixEpoch(), {});
  });
  waits.get_future().wait();
  EXPECT_EQ(WriteProbeConfig(**store, 6).code(), StatusCode::kUnavailable);
  shell.Execute("COMMIT");
  EXPECT_TRUE(other.get().ok()) << "it has not been waited for";
  EXPECT_TRUE(WriteProbeConfig(**store, 6).ok());
}

TEST_F(SqliteFile, LockedForAProcessThatIsToEndIsSoonUnavailable) {
  Fill();
  std::atomic<bool> stopping = false;
  const absl::StatusOr<std::unique_ptr<Store>> store =
      OpenStore("sqlite:" + Path(),
                {.busy_wait_max = absl::Hours(1), .hurry = [&] { return stopping.load(); }});
  ASSERT_TRUE(store.ok()) << store.status();
  Stranger shell(Path());
  shell.Execute("BEGIN EXCLUSIVE");
  stopping = true;
  const absl::Status status = (*store)->ReplaceCheckpoint("other", absl::UnixEpoch(), {});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

TEST_F(SqliteFile, LockedWhileOpeningIsUnavailable) {
  Fill();
  Stranger shell(Path());
  shell.Execute("BEGIN EXCLUSIVE");
  EXPECT_EQ(OpenStore("sqlite:" + Path(), {.busy_wait_max = absl::ZeroDuration()}).status().code(),
            StatusCode::kUnavailable);
}

TEST_F(SqliteFile, ReplacedWhileItIsOpenIsNotWrittenAnyMore) {
  Fill();
  const std::unique_ptr<Store> store = Open();
  std::filesystem::rename(Path(), directory_ / "old.db");
  std::filesystem::copy(directory_ / "old.db", Path());
  EXPECT_EQ(WriteProbeConfig(*store, 6).code(), StatusCode::kUnavailable);
  std::filesystem::rename(directory_ / "old.db", Path());
  EXPECT_EQ(WriteProbeConfig(*store, 6).code(), StatusCode::kUnavailable) << "for good";
}

TEST_F(SqliteFile, RemovedWhileItIsOpenIsNotWrittenAnyMore) {
  const std::unique_ptr<Store> store = Open();
  std::filesystem::remove(Path());
  EXPECT_EQ(WriteProbeConfig(*store, 6).code(), StatusCode::kUnavailable);
}

TEST(OpenStore, TakesTwoKindsOfUrls) {
  TempDir directory;
  EXPECT_EQ((*OpenStore("memory:"))->url(), "memory:");
  EXPECT_TRUE(OpenStore("sqlite:" + (directory / "a.db")).ok());
  const std::string bad[] = {"",
                             "memory",
                             "memory:x",
                             "sqlite",
                             "sqlite:",
                             "sqlite:" + directory.path() + "/",
                             "sqlite::memory:",
                             std::string("sqlite:/tmp/a\0b", 15),
                             "sqlite:.",
                             "SQLITE:a",
                             "mysql:x",
                             directory / "a.db"};
  for (const std::string& url : bad) {
    EXPECT_EQ(OpenStore(url).status().code(), StatusCode::kInvalidArgument) << url;
  }
}

TEST(OpenStore, RefusesAPasswordWithoutRepeatingIt) {
  for (const char* url : {"postgresql://me:hunter2@host/db", "sqlite://me:hunter2@host/x"}) {
    const absl::Status status = OpenStore(url).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("password"), absl::string_view::npos);
    EXPECT_EQ(status.message().find("hunter2"), absl::string_view::npos);
  }
}

TEST(OpenStore, OpensAMemoryOfItsOwnEveryTime) {
  const std::unique_ptr<Store> first = *OpenStore("memory:");
  const std::unique_ptr<Store> second = *OpenStore("memory:");
  ASSERT_TRUE(first->BeginRun("a", "r1", absl::UnixEpoch(), false).ok());
  EXPECT_TRUE(second->ListRuns("", 1)->empty());
}

TEST(ConfigDocument, IsGivenAsItsLiveKeysInOrder) {
  ConfigDocument document;
  EXPECT_EQ(document.ToJson(), "{}");
  document.keys = {{"b\"\n", "1.0", {}}, {"gone", std::nullopt, {}}, {"a", R"({"x":[1, 2]})", {}}};
  EXPECT_EQ(document.ToJson(), R"({"b\"\n":1.0,"a":{"x":[1, 2]}})");
}

TEST(Verdict, HasANameThatIsReadBack) {
  const std::pair<Verdict, const char*> kNames[] = {{Verdict::kPending, "pending"},
                                                    {Verdict::kApplied, "applied"},
                                                    {Verdict::kSuperseded, "superseded"},
                                                    {Verdict::kDuplicate, "duplicate"},
                                                    {Verdict::kQuarantined, "quarantined"}};
  for (const auto& [verdict, name] : kNames) {
    EXPECT_EQ(VerdictName(verdict), name);
    EXPECT_EQ(ParseVerdictName(name), verdict);
  }
  EXPECT_EQ(ParseVerdictName("APPLIED"), std::nullopt);
}

}  // namespace
}  // namespace shunt
