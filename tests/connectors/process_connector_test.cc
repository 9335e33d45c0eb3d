// A connector as a child process: what it is given, and how its end is judged.
#include "connectors/process_connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/platform/read_to_end.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::unique_ptr<ProcessConnector> Start(const ProcessConnectorOptions& options) {
  absl::StatusOr<std::unique_ptr<ProcessConnector>> connector = ProcessConnector::Start(options);
  SHUNT_CHECK(connector.ok());
  return *std::move(connector);
}

std::unique_ptr<ProcessConnector> Shell(const std::string& script) {
  return Start({.argv = {"/bin/sh", "-c", script}});
}

// Reads one part to its end.
template <typename Read, typename DescriptorOf>
std::string Drain(Read read, DescriptorOf fd) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const IoResult result = read(buffer);
    if (result.state == IoState::kEnd) return all;
    SHUNT_CHECK(result.state != IoState::kError);
    all.append(buffer, result.bytes);
    if (result.state == IoState::kBlocked) AwaitReadable(fd());
  }
}
std::string Output(Connector& connector) {
  return Drain([&](std::span<char> buffer) { return connector.ReadOutput(buffer); },
               [&] { return connector.output_fd(); });
}
std::string Log(Connector& connector) {
  return Drain([&](std::span<char> buffer) { return connector.ReadLog(buffer); },
               [&] { return connector.log_fd(); });
}

ExitStatus AwaitExit(Connector& connector) {
  AwaitReadable(connector.exit_fd());
  const std::optional<ExitStatus> status = connector.Exit();
  SHUNT_CHECK(status.has_value());
  return *status;
}

TEST(ConnectorEnvironmentTest, IsAnAllowList) {
  const std::map<std::string, std::string> ours = {
      {"PATH", "/bin"},         {"HOME", "/h"},       {"LC_TIME", "C"},
      {"https_proxy", "p"},     {"JAVA_OPTS", "-X"},  {"NODE_EXTRA_CA_CERTS", "ca"},
      {"WORKER_JOB_ID", "17"},  {"LD_PRELOAD", "x"},  {"AWS_SECRET_ACCESS_KEY", "secret"},
      {"SHUNT_KEY_FILE", "/k"}, {"PGPASSWORD", "pw"}, {"WORKER_JOB_ATTEMPT", "2"}};
  EXPECT_THAT(
      ConnectorEnvironment(ours, {}),
      UnorderedElementsAre(Pair("PATH", "/bin"), Pair("HOME", "/h"), Pair("LC_TIME", "C"),
                           Pair("https_proxy", "p"), Pair("JAVA_OPTS", "-X"),
                           Pair("NODE_EXTRA_CA_CERTS", "ca"), Pair("WORKER_JOB_ATTEMPT", "2"),
                           Pair("PYTHONUNBUFFERED", "1"), Pair("DATA_CHANNEL_MEDIUM", "STDIO")));
}

TEST(ConnectorEnvironmentTest, WhatIsGivenWinsAndNothingIsInheritedTwice) {
  const auto env = ConnectorEnvironment(
      {{"PATH", "/bin"}, {"PYTHONUNBUFFERED", ""}, {"DATA_CHANNEL_MEDIUM", "SOCKET"}},
      {{"PATH", "/opt/bin"}, {"WORKER_JOB_ID", "1"}});
  EXPECT_THAT(env, UnorderedElementsAre(Pair("PATH", "/opt/bin"), Pair("WORKER_JOB_ID", "1"),
                                        Pair("PYTHONUNBUFFERED", "1"),
                                        Pair("DATA_CHANNEL_MEDIUM", "STDIO")));
}

TEST(ConnectorEnvironmentTest, AnotherUserGetsItsOwnHome) {
  const User user = {.uid = 7, .gid = 7, .groups = {7}, .name = "reader", .home = "/home/reader"};
  const std::map<std::string, std::string> ours = {
      {"HOME", "/root"}, {"USER", "root"}, {"TMPDIR", "/tmp/of-root"}, {"TZ", "UTC"}};
  EXPECT_THAT(
      ConnectorEnvironment(ours, {}, user),
      UnorderedElementsAre(Pair("HOME", "/home/reader"), Pair("USER", "reader"), Pair("TZ", "UTC"),
                           Pair("PYTHONUNBUFFERED", "1"), Pair("DATA_CHANNEL_MEDIUM", "STDIO")));
  EXPECT_EQ(ConnectorEnvironment(ours, {{"HOME", "/srv"}}, user).at("HOME"), "/srv");
}

TEST(ProcessConnectorTest, ChildSeesExactlyItsEnvironment) {
  const auto connector = Start({.argv = {"/usr/bin/env"}, .env = {{"A", "1"}, {"B", "2"}}});
  EXPECT_EQ("A=1\nB=2\n", Output(*connector));
}

TEST(ProcessConnectorTest, SourceReadsNothing) {
  const auto connector = Start({.argv = {"/bin/cat"}});
  EXPECT_EQ("", Output(*connector));
  EXPECT_EQ(0, AwaitExit(*connector).code);
  EXPECT_EQ(-1, connector->input_fd());
}

TEST(ProcessConnectorTest, OutputAndLogAreSeparate) {
  const auto connector = Shell("echo data; echo words >&2");
  EXPECT_EQ("words\n", Log(*connector));
  EXPECT_EQ("data\n", Output(*connector));
  EXPECT_EQ(-1, connector->log_fd());
}

TEST(ProcessConnectorTest, OutputOfTheDeadCanStillBeRead) {
  const auto connector = Shell("echo last words; exit 3");
  const ExitStatus status = AwaitExit(*connector);
  EXPECT_EQ(3, status.code);
  EXPECT_FALSE(status.clean());
  EXPECT_EQ("last words\n", Output(*connector));
}

TEST(ProcessConnectorTest, WhatCannotBeStartedIsNamed) {
  const absl::Status status = ProcessConnector::Start({.argv = {"/no/such/source"}}).status();
  EXPECT_EQ(absl::StatusCode::kNotFound, status.code());
  EXPECT_THAT(status.ToString(), HasSubstr("/no/such/source"));
}

TEST(ProcessConnectorTest, DeathByOurSignalIsNoFailureOfItsOwn) {
  for (const bool kill : {false, true}) {
    const auto connector = Start({.argv = {"/bin/sleep", "infinity"}});
    kill ? connector->Kill() : connector->Terminate();
    const ExitStatus status = AwaitExit(*connector);
    EXPECT_EQ(kill ? SIGKILL : SIGTERM, status.signal);
    EXPECT_TRUE(status.killed_by_us);
    EXPECT_FALSE(status.clean());
  }
}

// A JVM and a shell turn SIGTERM into the exit code 143.
TEST(ProcessConnectorTest, ExitCodeThatNamesOurSignalIsTheSame) {
  const auto connector = Shell("trap 'exit 143' TERM; echo ready; sleep infinity & wait");
  char buffer[16];
  AwaitReadable(connector->output_fd());
  EXPECT_EQ(IoState::kBytes, connector->ReadOutput(buffer).state);
  connector->Terminate();
  const ExitStatus status = AwaitExit(*connector);
  EXPECT_EQ(143, status.code);
  EXPECT_TRUE(status.killed_by_us);
}

TEST(ProcessConnectorTest, ItsOwnDeathIsNotOurs) {
  for (const char* script : {"kill -TERM $$", "exit 143"}) {
    const auto connector = Shell(script);
    AwaitExit(*connector);
    connector->Terminate();  // too late to be the cause
    EXPECT_FALSE(connector->Exit()->killed_by_us) << script;
  }
  const auto connector = Shell("trap 'kill -SEGV $$' TERM; echo ready; sleep infinity & wait");
  AwaitReadable(connector->output_fd());
  connector->Terminate();
  const ExitStatus status = AwaitExit(*connector);
  EXPECT_EQ(SIGSEGV, status.signal);
  EXPECT_FALSE(status.killed_by_us) << "another signal than we sent";
}

// F85: the connector is gone, something it started holds its stdout.
TEST(ProcessConnectorTest, KillAfterItsEndReachesWhatItLeftBehind) {
  const auto connector = Shell("sleep infinity & exit 0");
  EXPECT_EQ(0, AwaitExit(*connector).code);
  char buffer[16];
  EXPECT_EQ(IoState::kBlocked, connector->ReadOutput(buffer).state);
  connector->Kill();
  EXPECT_EQ("", Output(*connector));
  EXPECT_TRUE(connector->Exit()->clean()) << "its own end stays what it was";
}

}  // namespace
}  // namespace shunt
