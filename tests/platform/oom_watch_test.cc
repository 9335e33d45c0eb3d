// Whom the kernel killed for want of memory, by the witnesses' words: all are files here. With a
// real control group: tests/e2e/leftovers_test.py.
#include "platform/oom_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "platform/files.h"
#include "platform/private_path.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using Verdict = OomWatch::Verdict;

constexpr pid_t kPid = 4711;

class OomWatchTest : public ::testing::Test {
 protected:
  void Put(const std::string& path, std::string_view bytes) {
    const std::string file = dir_ / path;
    ASSERT_TRUE(MakeDirs(file.substr(0, file.rfind('/')), 0700).ok());
    ASSERT_TRUE(ReplaceOwnFile(file, bytes, 0600).ok());
  }
  void PutCount(const std::string& counter, int kills) {
    Put(counter, "low 0\noom 7\noom_kill " + std::to_string(kills) + "\noom_group_kill 9\n");
  }
  // Which namespace the numbers of processes are of.
  void PutNamespace(const std::string& name) {
    ASSERT_TRUE(MakeDirs(dir_ / "proc/self/ns", 0700).ok());
    ::unlink((dir_ / "proc/self/ns/pid").c_str());
    ASSERT_EQ(::symlink(name.c_str(), (dir_ / "proc/self/ns/pid").c_str()), 0);
  }
  void PutGroups(const std::string& ours, const std::string& its) {
    Put("proc/self/cgroup", ours);
    Put("proc/4711/cgroup", its);
  }
  OomWatch Watch() const {
    return OomWatch(
        {.processes = dir_ / "proc", .group_root = dir_ / "root", .kernel_log = dir_ / "kmsg"});
  }
  // What of `counter` is there at the start, then another number, then a rise.
  void ExpectCounts(const std::string& counter) {
    Put(counter, "low 0\noom 7\noom_kill 3\noom_group_kill 9\n");
    const OomWatch watch = Watch();
    EXPECT_EQ(watch.Judge(kPid), Verdict::kNo) << "what was before does not count";
    Put(counter, "low 0\noom 9\noom_kill 3\noom_group_kill 9\n");
    EXPECT_EQ(watch.Judge(kPid), Verdict::kNo) << "a limit that was met killed nobody";
    Put(counter, "low 0\noom 9\noom_kill 4\noom_group_kill 9\n");
    EXPECT_EQ(watch.Judge(kPid), Verdict::kLikely) << "it does not say whom";
  }

  const TempDir dir_;
};

// --- the counter of our own group ----------------------------------------------------------------

TEST_F(OomWatchTest, KnowsTheFirstVersionOfControlGroups) {
  Put("proc/self/cgroup", "9:name=systemd:/\n4:memory:/a/b\n0::/\n");
  ExpectCounts("root/memory/a/b/memory.oom_control");
}

TEST_F(OomWatchTest, KnowsTheSecond) {
  Put("proc/self/cgroup", "0::/a/b\n");
  ExpectCounts("root/a/b/memory.events");
}

TEST_F(OomWatchTest, KnowsBothBesideEachOther) {
  Put("proc/self/cgroup", "0::/a\n3:cpu,memory:/a\n");
  ExpectCounts("root/memory/a/memory.oom_control");
}

TEST_F(OomWatchTest, AContainerMaySeeItsGroupAsTheRoot) {
  Put("proc/self/cgroup", "4:memory:/docker/0123\n");
  ExpectCounts("root/memory/memory.oom_control");
}

TEST_F(OomWatchTest, OfGroupsBelowOursWeDoNotSpeak) {
  Put("proc/self/cgroup", "0::/a\n");
  PutCount("root/a/memory.events", 3);
  PutCount("root/a/memory.events.local", 1);
  const OomWatch watch = Watch();
  PutCount("root/a/memory.events", 4);  // somebody in a group below it
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo);
  PutCount("root/a/memory.events.local", 2);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kLikely);
}

TEST_F(OomWatchTest, AGroupWithoutAControllerIsCountedAboveIt) {
  Put("proc/self/cgroup", "0::/user/session/scope\n");
  ASSERT_TRUE(MakeDirs(dir_ / "root/user/session/scope", 0700).ok());
  PutCount("root/memory.events.local", 9);  // too far up
  ExpectCounts("root/user/memory.events.local");
}

TEST_F(OomWatchTest, ACounterThatIsGoneSaysNothing) {
  Put("proc/self/cgroup", "0::/a\n");
  PutCount("root/a/memory.events", 3);
  const OomWatch watch = Watch();
  ASSERT_EQ(::unlink((dir_ / "root/a/memory.events").c_str()), 0);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo);
}

// --- a connector in a group of its own -----------------------------------------------------------

TEST_F(OomWatchTest, OfAProcessThatMovedAwayOurCounterKnowsNothing) {
  PutGroups("0::/a\n", "0::/a/its\n");
  PutCount("root/a/memory.events.local", 3);
  const OomWatch watch = Watch();
  PutCount("root/a/memory.events.local", 4);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo) << "it has no counter at all";
  PutCount("root/a/its/memory.events.local", 0);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo) << "nobody was killed where it was";
  PutCount("root/a/its/memory.events.local", 1);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kLikelyInItsGroup);
}

TEST_F(OomWatchTest, AGroupThatWasRemovedWithItIsNoWitness) {
  PutGroups("0::/a\n", "0::/its (deleted)\n");
  PutCount("root/a/memory.events.local", 3);
  const OomWatch watch = Watch();
  PutCount("root/a/memory.events.local", 4);
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo);
}

TEST_F(OomWatchTest, OfTheDeadTheFirstVersionSaysTheRoot) {
  PutGroups("4:memory:/a\n0::/\n", "4:memory:/\n0::/\n");
  ExpectCounts("root/memory/a/memory.oom_control");
}

TEST_F(OomWatchTest, InTheSameGroupOrNobodyKnowsWhichItIsOurs) {
  PutGroups("0::/a\n", "0::/a\n");
  ExpectCounts("root/a/memory.events.local");
  PutGroups("0::/a\n", "");
  ExpectCounts("root/a/memory.events.local");
}

// --- the kernel's log ----------------------------------------------------------------------------

class OomLogTest : public OomWatchTest {
 protected:
  void SetUp() override {
    PutNamespace("pid:[4026531836]");
    Put("kmsg", "6,1,1,-;Memory cgroup out of memory: Killed process 4711 (old) total-vm:1kB\n");
  }
  // Appended: a watch has the file open.
  void Say(std::string_view record) {
    Fd log(::open((dir_ / "kmsg").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_TRUE(WriteAll(log.get(), record).ok());
  }
};

TEST_F(OomLogTest, IsBelievedAboutThisProcessOnly) {
  const OomWatch before = Watch();
  EXPECT_EQ(before.Judge(kPid), Verdict::kNo) << "said before";
  const OomWatch watch = Watch();
  Say("6,2,2,-;Out of memory: Killed process 47110 (else)\n");
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo) << "somebody else";
  Say("6,3,3,-;Out of memory: Killed process 4711 (node)\n");
  EXPECT_EQ(watch.Judge(kPid), Verdict::kCertain);
}

TEST_F(OomLogTest, IsSurerThanACounter) {
  PutGroups("0::/a\n", "0::/its\n");
  PutCount("root/a/memory.events.local", 3);
  const OomWatch watch = Watch();
  PutCount("root/a/memory.events.local", 4);
  Say("6,3,3,-;Out of memory: Killed process 4711 (node)\n");
  EXPECT_EQ(watch.Judge(kPid), Verdict::kCertain);
}

TEST_F(OomLogTest, HasOtherNumbersInAPidNamespace) {
  PutNamespace("pid:[4026532000]");
  const OomWatch watch = Watch();
  Say("6,3,3,-;Out of memory: Killed process 4711 (somebody of the host)\n");
  EXPECT_EQ(watch.Judge(kPid), Verdict::kNo);
}

TEST_F(OomWatchTest, WithoutAWitnessNobodyIsBlamed) {
  EXPECT_EQ(Watch().Judge(kPid), Verdict::kNo);
  PutGroups("nonsense\n:::\n4:memory:/gone\n", "nonsense\n");
  EXPECT_EQ(Watch().Judge(kPid), Verdict::kNo);
}

}  // namespace
}  // namespace shunt
