// Whom the kernel killed for want of memory, by the witnesses' words: both are files here. With a
// real control group: tests/e2e/leftovers_test.py.
#include "platform/oom_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/files.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

constexpr pid_t kPid = 4711;

class OomWatchTest : public ::testing::Test {
 protected:
  void Put(const std::string& path, std::string_view bytes) {
    const std::string file = dir_ / path;
    ASSERT_TRUE(MakeDirs(file.substr(0, file.rfind('/')), 0700).ok());
    ASSERT_TRUE(WriteFileAtomically(file, bytes, 0600).ok());
  }
  OomWatch Watch() const {
    return OomWatch(
        {.own_groups = dir_ / "groups", .group_root = dir_ / "root", .kernel_log = dir_ / "kmsg"});
  }
  void ExpectCounts(const std::string& counter) {
    Put(counter, "low 0\noom 7\noom_kill 3\noom_group_kill 9\n");
    const OomWatch watch = Watch();
    EXPECT_FALSE(watch.Blames(kPid)) << "what was before does not count";
    Put(counter, "low 0\noom 9\noom_kill 3\noom_group_kill 9\n");
    EXPECT_FALSE(watch.Blames(kPid)) << "a limit that was met killed nobody";
    Put(counter, "low 0\noom 9\noom_kill 4\noom_group_kill 9\n");
    EXPECT_TRUE(watch.Blames(kPid));
  }

  const TempDir dir_;
};

TEST_F(OomWatchTest, KnowsTheFirstVersionOfControlGroups) {
  Put("groups", "9:name=systemd:/\n4:memory:/a/b\n0::/\n");
  ExpectCounts("root/memory/a/b/memory.oom_control");
}

TEST_F(OomWatchTest, KnowsTheSecond) {
  Put("groups", "0::/a/b\n");
  ExpectCounts("root/a/b/memory.events");
}

TEST_F(OomWatchTest, KnowsBothBesideEachOther) {
  Put("groups", "3:cpu,memory:/a\n0::/a\n");
  ExpectCounts("root/memory/a/memory.oom_control");
}

TEST_F(OomWatchTest, AContainerMaySeeItsGroupAsTheRoot) {
  Put("groups", "4:memory:/docker/0123\n");
  ExpectCounts("root/memory/memory.oom_control");
}

TEST_F(OomWatchTest, BelievesTheKernelsLogAboutThisProcessOnly) {
  Put("kmsg", "6,1,1,-;Memory cgroup out of memory: Killed process 4711 (old) total-vm:1kB\n");
  const OomWatch before = Watch();
  EXPECT_FALSE(before.Blames(kPid)) << "said before";
  // Appended: the watch has the file open.
  const OomWatch watch = Watch();
  Fd log(::open((dir_ / "kmsg").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  ASSERT_TRUE(WriteAll(log.get(), "6,2,2,-;Out of memory: Killed process 47110 (else)\n").ok());
  EXPECT_FALSE(watch.Blames(kPid)) << "somebody else";
  ASSERT_TRUE(WriteAll(log.get(), "6,3,3,-;Out of memory: Killed process 4711 (node)\n").ok());
  EXPECT_TRUE(watch.Blames(kPid));
}

TEST_F(OomWatchTest, WithoutAWitnessNobodyIsBlamed) {
  EXPECT_FALSE(Watch().Blames(kPid));
  Put("groups", "nonsense\n:::\n4:memory:/gone\n");
  EXPECT_FALSE(Watch().Blames(kPid));
}

}  // namespace
}  // namespace shunt
