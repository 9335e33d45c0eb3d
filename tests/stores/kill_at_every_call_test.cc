// A process that is killed at each system call of a persist, one after the other, leaves the old
// state and config or the new ones, never else; and what it announced is there. The calls are
// counted and the signal is sent by strace.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/platform/temp_dir.h"
#include "tests/stores/postgres_server.h"
#include "tests/stores/quick_dir.h"
#include "tests/stores/store_probe.h"
#include "tests/stores/writer_process.h"

namespace shunt {
namespace {

// A process that is traced; `injection` as strace takes it, "" for none.
std::vector<std::string> Traced(const std::string& log, const std::string& injection) {
  std::vector<std::string> strace = {"strace", "-f", "-qq", "-o", log};
  if (!injection.empty()) {
    strace.push_back("-e");
    strace.push_back("inject=" + injection);
  }
  return strace;
}

// A call of a program's first thread: the name, and how many of that name came before. strace
// counts each name by itself.
struct Call {
  std::string name;
  int number = 0;
};

// Those from the line on that holds `mark`.
std::vector<Call> CallsSince(const std::string& log, const std::string& mark) {
  std::vector<Call> calls;
  std::map<std::string, int> numbers;
  bool marked = false;
  std::ifstream lines(log);
  std::string thread, first, rest;
  while (lines >> thread >> std::ws && std::getline(lines, rest)) {
    if (first.empty()) first = thread;
    const std::string name = rest.substr(0, rest.find('('));
    const bool is_call = !name.empty() && name.find_first_of(" <+-") == std::string::npos;
    if (thread != first || !is_call) continue;
    ++numbers[name];
    marked = marked || rest.find(mark) != std::string::npos;
    if (marked) calls.push_back({name, numbers[name]});
  }
  return calls;
}

class KillAtEveryCall : public ::testing::Test {
 protected:
  // Starts `store_writer COMMAND WHERE [RUN_ID]` once for each call that it makes from the one on
  // that holds `mark`, kills it there, and calls `check`.
  template <typename Check>
  void KillEverywhere(const std::string& command, const std::string& where, const std::string& mark,
                      const Check& check) {
    const std::string log = directory_ / "trace";
    prepare_();
    WriterProcess whole(Arguments(command, where), Traced(log, ""));
    ASSERT_EQ(whole.Finish(), 0);
    check(whole);
    for (const Call& call : CallsSince(log, mark)) {
      const std::string number = std::to_string(call.number);
      SCOPED_TRACE(command + ", " + call.name + " " + number);
      prepare_();
      WriterProcess writer(Arguments(command, where),
                           Traced(log, call.name + ":signal=SIGKILL:when=" + number));
      // One that waits less often than the first may get through.
      if (writer.Finish() != 0) ++kills_;
      check(writer);
      if (::testing::Test::HasFailure()) return;
    }
    ::printf("%s on %s: killed at %d calls\n", command.c_str(),
             where.substr(0, where.find(':')).c_str(), kills_);
  }

  void PersistEverywhere(const std::string& where) {
    KillEverywhere("once", where, "write(1, \"begun", [&](const WriterProcess& writer) {
      settle_();
      const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(where);
      ASSERT_TRUE(store.ok()) << store.status();
      Check(ReadProbeState(**store), writer.announced_state(), state_);
      Check(ReadProbeConfig(**store), writer.announced_config(), config_);
    });
    EXPECT_GT(kills_, 30);
    EXPECT_GT(config_, 2);
  }

  std::vector<std::string> Arguments(const std::string& command, const std::string& where) {
    std::vector<std::string> arguments = {command, where};
    if (command != "open") arguments.push_back("run" + std::to_string(++runs_));
    return arguments;
  }

  // What is stored is what was announced last, or the number after it.
  static void Check(const absl::StatusOr<int64_t>& found, int64_t announced, int64_t& last) {
    ASSERT_TRUE(found.ok()) << found.status();
    announced = std::max(announced, last);
    ASSERT_TRUE(*found == announced || *found == announced + 1) << *found << " of " << announced;
    last = *found;
  }

  std::function<void()> prepare_ = [] {};
  std::function<void()> settle_ = [] {};  // after a death, before anybody looks
  int kills_ = 0;
  int runs_ = 0;
  int64_t state_ = -1;  // what was stored after the last death
  int64_t config_ = -1;
  QuickDir directory_;
};

TEST_F(KillAtEveryCall, OfAPersistOnSqlite) { PersistEverywhere(directory_ / "store.db"); }

TEST_F(KillAtEveryCall, OfAPersistOnPostgres) {
  PostgresServer server;
  server.Execute("CREATE DATABASE probe");
  // What a dead writer has sent is still done by the server, and may come after a look.
  settle_ = [&] {
    while (!server
                .Query("SELECT 1 FROM pg_stat_activity WHERE datname = 'probe'"
                       " AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                       "probe")
                .empty()) {
    }
  };
  PersistEverywhere(server.Url("probe"));
}

TEST_F(KillAtEveryCall, OfTheFirstStartOnPostgres) {
  PostgresServer server;
  server.Execute("CREATE DATABASE probe");
  prepare_ = [&] { server.Execute("DROP SCHEMA IF EXISTS shunt CASCADE", "probe"); };
  KillEverywhere("open", server.Url("probe"), "connect(", [&](const WriterProcess&) {
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenProbe(server.Url("probe"));
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->ReadIdentity().ok());
  });
}

}  // namespace
}  // namespace shunt
