#include "tests/stores/postgres_server.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "platform/check.h"
#include "platform/clock.h"
#include "platform/io.h"

namespace shunt {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

const std::map<std::string, std::string> kEnvironment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                                                         {"LC_ALL", "C"}};

const Libpq& TheLibpq() {
  const absl::StatusOr<const Libpq*> libpq = LoadLibpq();
  if (!libpq.ok()) ::fprintf(stderr, "%s\n", libpq.status().ToString().c_str());
  SHUNT_CHECK(libpq.ok());
  return **libpq;
}

Process Spawn(std::vector<std::string> argv) {
  SpawnOptions options;
  options.argv = std::move(argv);
  options.env = kEnvironment;
  absl::StatusOr<Process> process = SpawnProcess(options);
  if (!process.ok()) ::fprintf(stderr, "%s\n", process.status().ToString().c_str());
  SHUNT_CHECK(process.ok());
  return *std::move(process);
}

void RunToItsEnd(std::vector<std::string> argv) {
  Process process = Spawn(std::move(argv));
  const std::optional<ProcessExit> exit = process.WaitFor(kPatience);
  SHUNT_CHECK(exit && exit->code == 0);
}

// In a namespace of its own, in which root may mount.
std::vector<std::string> WithSmallDisk(const std::string& path, std::vector<std::string> argv) {
  std::filesystem::create_directory(path);
  const std::vector<std::string> outer = {"unshare",
                                          "--user",
                                          "--map-root-user",
                                          "--mount",
                                          "--",
                                          "sh",
                                          "-c",
                                          "mount -t tmpfs -o size=24m tmpfs \"$0\" && exec \"$@\"",
                                          path};
  argv.insert(argv.begin(), outer.begin(), outer.end());
  return argv;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream list("/proc/" + number + "/task/" + number + "/children");
  return {std::istream_iterator<pid_t>(list), std::istream_iterator<pid_t>()};
}

// Until a process that is not our child is gone, or is nothing but an entry in a table.
void AwaitEnd(pid_t pid) {
  const absl::Duration deadline = SystemClock().MonoNow() + kPatience;
  while (true) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat);
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || stat.compare(name_end, 3, ") Z") == 0) return;
    SHUNT_CHECK(SystemClock().MonoNow() < deadline);
    Poll({}, absl::Milliseconds(2));
  }
}

// An initialised cluster, made once per program and copied for each server.
std::string Template() {
  static const TempDir directory("/tmp");
  static const bool made = [] {
    RunToItsEnd(
        AsPostgres({PostgresPrograms() + "/initdb", "--no-sync", "--auth=trust", "--username=shunt",
                    "--encoding=UTF8", "--locale=C", "--pgdata=" + (directory / "data")}));
    return true;
  }();
  SHUNT_CHECK(made);
  return directory / "data";
}

}  // namespace

std::string PostgresPrograms() {
  for (const char* version : {"15", "16", "17"}) {
    std::string path = std::string("/usr/lib/postgresql/") + version + "/bin";
    if (std::filesystem::exists(path + "/postgres")) return path;
  }
  ::fprintf(stderr, "there is no PostgreSQL server on this machine: run tools/install\n");
  SHUNT_CHECK(false);
}

std::vector<std::string> AsPostgres(std::vector<std::string> argv) {
  // The death signal must be set after the change of identity, which clears it.
  std::vector<std::string> prefix = {"setpriv", "--pdeathsig", "KILL", "--"};
  if (::geteuid() == 0) {
    const std::vector<std::string> other = {"unshare", "--user", "--map-user=1000",
                                            "--map-group=1000", "--"};
    prefix.insert(prefix.begin(), other.begin(), other.end());
  }
  argv.insert(argv.begin(), prefix.begin(), prefix.end());
  return argv;
}

PostgresServer::PostgresServer(Options options)
    : options_(std::move(options)), directory_(options_.base) {
  std::filesystem::copy(Template(), directory_ / "data", std::filesystem::copy_options::recursive);
  Start();
}

PostgresServer::~PostgresServer() {
  if (server_) StopNow(Stop::kImmediate);
}

void PostgresServer::StopNow(Stop how) {
  const int signal = how == Stop::kFast ? SIGINT : how == Stop::kImmediate ? SIGQUIT : SIGKILL;
  const std::vector<pid_t> children = ChildrenOf(server_->pid());
  ::kill(server_->pid(), signal);
  ::kill(server_->pid(), SIGCONT);
  SHUNT_CHECK(server_->WaitFor(kPatience));
  server_.reset();
  if (how != Stop::kKill) return;
  // Nobody is left to end them, and the next server refuses to start beside them.
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) AwaitEnd(child);
}

void PostgresServer::StartWithoutWaiting() {
  std::vector<std::string> argv = {PostgresPrograms() + "/postgres", "-D", directory_ / "data",
                                   "-k", directory()};
  std::vector<std::string> settings = {"listen_addresses=",    "shared_buffers=16MB",
                                       "logging_collector=on", "log_directory=" + directory(),
                                       "log_filename=log",     "max_connections=60"};
  if (!options_.durable) settings.push_back("fsync=off");
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) {
    argv.push_back("-c");
    argv.push_back(setting);
  }
  argv = AsPostgres(std::move(argv));
  if (options_.small_disk) argv = WithSmallDisk(directory() + "/small", std::move(argv));
  server_.emplace(Spawn(std::move(argv)));
}

void PostgresServer::AwaitReady() {
  const absl::Duration deadline = SystemClock().MonoNow() + kPatience;
  while (!TryQuery("SELECT 1", "postgres", nullptr).ok()) {
    SHUNT_CHECK(SystemClock().MonoNow() < deadline);
    Poll({}, absl::Milliseconds(20));
  }
}

void PostgresServer::Start() {
  StartWithoutWaiting();
  AwaitReady();
}

std::string PostgresServer::Url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + directory();
}

absl::Status PostgresServer::TryQuery(const std::string& sql, const std::string& database,
                                      std::vector<std::string>* rows) {
  const absl::StatusOr<PostgresTarget> target = ParsePostgresUrl(TheLibpq(), Url(database));
  SHUNT_CHECK(target.ok());
  PostgresSession session(TheLibpq(), *target, -1);
  const absl::Duration deadline = SystemClock().MonoNow() + kPatience;
  if (PostgresAnswer answer = session.Connect(deadline); !answer.status.ok()) return answer.status;
  PostgresStatement statement{sql.c_str()};
  if (rows != nullptr) {
    statement.on_row = [rows](const PostgresRow& row) {
      rows->push_back(row.Text(0));
      return absl::OkStatus();
    };
  }
  return session.Run({&statement, 1}, deadline).status;
}

void PostgresServer::Execute(const std::string& sql, const std::string& database) {
  const absl::Status status = TryQuery(sql, database, nullptr);
  if (!status.ok()) ::fprintf(stderr, "%s: %s\n", sql.c_str(), status.ToString().c_str());
  SHUNT_CHECK(status.ok());
}

std::vector<std::string> PostgresServer::Query(const std::string& sql,
                                               const std::string& database) {
  std::vector<std::string> rows;
  const absl::Status status =
      TryQuery("SELECT x::text FROM (" + sql + ") AS q(x)", database, &rows);
  if (!status.ok()) ::fprintf(stderr, "%s: %s\n", sql.c_str(), status.ToString().c_str());
  SHUNT_CHECK(status.ok());
  return rows;
}

std::vector<pid_t> PostgresServer::Backends(const std::string& database) {
  std::vector<pid_t> pids;
  for (const std::string& pid :
       Query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
             " AND pid <> pg_backend_pid() AND datname = '" +
             database + "'")) {
    pids.push_back(static_cast<pid_t>(std::stoi(pid)));
  }
  return pids;
}

}  // namespace shunt
