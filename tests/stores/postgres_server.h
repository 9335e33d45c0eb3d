// PostgresServer: a real PostgreSQL server of one test, in a directory of its own under /tmp, which
// listens on a unix socket there and nowhere else. It can be stopped, killed and started again.
//
// A server refuses to run as root, so root becomes somebody else in a user namespace of its own,
// which also works inside a build sandbox.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/process.h"
#include "stores/postgres_session.h"
#include "tests/platform/temp_dir.h"

namespace shunt {

class PostgresServer {
 public:
  struct Options {
    // Off: a crash of the machine would lose commits, a crash of the server does not.
    bool durable = false;
    std::vector<std::string> settings = {};  // "name=value"
    std::string base = "/tmp";               // where its directory is made
    bool small_disk = false;  // DIRECTORY/small is a disk of 24 MB that only the server sees
  };
  PostgresServer() : PostgresServer(Options()) {}
  explicit PostgresServer(Options options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  enum class Stop {
    kFast,       // sessions are ended, a checkpoint is written
    kImmediate,  // all processes die at once; the next start recovers
    kKill,       // the same by SIGKILL of the first process
  };
  void StopNow(Stop how);
  void Start();  // returns when it answers
  void StartWithoutWaiting();
  void AwaitReady();
  pid_t pid() const { return server_->pid(); }

  const std::string& directory() const { return directory_.path(); }  // of the socket, too
  std::string Url(const std::string& database, const std::string& user = "shunt") const;

  // As the superuser "shunt". Fails the program when the server refuses.
  void Execute(const std::string& sql, const std::string& database = "postgres");
  // The first column of every row, as the server would print it.
  std::vector<std::string> Query(const std::string& sql, const std::string& database = "postgres");
  // The processes that serve clients of this database.
  std::vector<pid_t> Backends(const std::string& database);

 private:
  absl::Status TryQuery(const std::string& sql, const std::string& database,
                        std::vector<std::string>* rows);

  const Options options_;
  const TempDir directory_;
  std::optional<Process> server_;
};

// An argv that runs a program of PostgreSQL as somebody who is not root.
std::vector<std::string> AsPostgres(std::vector<std::string> argv);

// The directory with postgres and initdb.
std::string PostgresPrograms();

}  // namespace shunt
