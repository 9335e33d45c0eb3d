// What programs leave behind when they end, wherever it went, and what must not be taken for it.
#include "platform/orphans.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "platform/process.h"
#include "tests/platform/read_to_end.h"

namespace shunt {
namespace {

Process Shell(const std::string& script) {
  return SpawnProcess({.argv = {"/bin/sh", "-c", script}, .standard_output = ChildStream::Pipe()})
      .value();
}

// A grandchild in a session of its own, whose parent is gone. It says its number when it is out of
// reach of the signal that its parent's group gets.
pid_t LeaveADaemon() {
  Process shell =
      Shell("setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' & exec sleep 1000 >/dev/null");
  const Fd out = shell.TakeStdout();
  return static_cast<pid_t>(std::stol(ReadToEnd(out.get())));
}

bool Exists(pid_t pid) { return ::kill(pid, 0) == 0; }

class OrphansTest : public ::testing::Test {
 protected:
  void SetUp() override { AdoptOrphans(); }
};

TEST_F(OrphansTest, OneThatHidInASessionOfItsOwnIsEnded) {
  const pid_t daemon = LeaveADaemon();
  ASSERT_TRUE(Exists(daemon));
  EXPECT_EQ(1, ReapOrphans());
  EXPECT_EQ(1, EndOrphans(absl::Minutes(1)));
  EXPECT_FALSE(Exists(daemon)) << "neither alive nor a zombie";
  EXPECT_EQ(0, EndOrphans(absl::Minutes(1)));
}

TEST_F(OrphansTest, WhatTheyLeaveBehindInTurnIsEndedToo) {
  Process shell = Shell("setsid sh -c 'setsid sleep 1000 & sleep 1000' >/dev/null 2>&1 & exit 0");
  EXPECT_EQ(0, shell.WaitFor(absl::Minutes(1))->code);
  EXPECT_LE(1, EndOrphans(absl::Minutes(1)));
  EXPECT_EQ(0, ReapOrphans());
}

// `helper & exec shunt ...`: the helper is a child of shunt's from the first moment on.
TEST_F(OrphansTest, AChildFromBeforeTheKeeperIsLeftAlone) {
  const pid_t helper = LeaveADaemon();
  OrphanKeeper keeper;
  const pid_t daemon = LeaveADaemon();
  EXPECT_EQ(1, keeper.End());
  EXPECT_FALSE(Exists(daemon));
  EXPECT_TRUE(Exists(helper));
  ::kill(helper, SIGKILL);
}

TEST_F(OrphansTest, AChildOfOursIsNone) {
  Process living = Shell("read line; exit 7");
  Process ended = Shell("exit 7");
  EXPECT_EQ(7, ended.WaitFor(absl::Minutes(1))->code);
  EXPECT_EQ(0, EndOrphans(absl::Minutes(1)));
  EXPECT_TRUE(Exists(ended.pid())) << "its zombie keeps the number";
  Process another = Shell("exit 7");
  EXPECT_EQ(0, EndOrphans(absl::Minutes(1)));
  EXPECT_EQ(7, another.WaitFor(absl::Minutes(1))->code) << "nobody else has taken its exit code";
  EXPECT_EQ(7, living.WaitFor(absl::Minutes(1))->code);  // its input is /dev/null
}

TEST_F(OrphansTest, TheKeeperEndsThem) {
  pid_t daemon = 0;
  {
    OrphanKeeper keeper;
    daemon = LeaveADaemon();
    EXPECT_EQ(1, keeper.End());
    EXPECT_FALSE(Exists(daemon));
    daemon = LeaveADaemon();
  }
  EXPECT_FALSE(Exists(daemon));
}

}  // namespace
}  // namespace shunt
