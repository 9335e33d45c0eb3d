// Run directories: private, on a tmpfs, gone with their run however it ends.
#include "connectors/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "platform/clock.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/io.h"
#include "platform/process.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(0, ::lstat(path.c_str(), &info)) << path;
  return info.st_mode & 07777;
}

class RunDirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<RunDirectory> Create() {
    absl::StatusOr<std::unique_ptr<RunDirectory>> run =
        RunDirectory::Create(bases_, SystemEntropy());
    SHUNT_CHECK(run.ok());
    return *std::move(run);
  }

  int Sweep() { return RunDirectory::Sweep(bases_, SystemClock().WallNow()).directories; }

  TempDir temp_;
  const std::string base_ = temp_ / "shunt";
  const std::vector<std::string> bases_ = {base_};
};

TEST_F(RunDirectoryTest, HoldsReadOnlyFilesThatOnlyWeCanSee) {
  const std::unique_ptr<RunDirectory> run = Create();
  const std::string path = run->AddJson("config.json", "{\"a\":1}").value();
  EXPECT_THAT(path, StartsWith("/"));
  EXPECT_EQ(run->path() + "/config.json", path);
  EXPECT_EQ("{\"a\":1}", ReadFile(path, 100).value());
  EXPECT_EQ(0400u, ModeOf(path));
  EXPECT_EQ(0700u, ModeOf(run->path()));
  EXPECT_EQ(0700u, ModeOf(base_));
  EXPECT_FALSE(run->AddJson("config.json", "{}").ok()) << "written once";
}

TEST_F(RunDirectoryTest, ForOthersCanBePassedButNotReadNorChanged) {
  const auto run = RunDirectory::Create(bases_, SystemEntropy(), RunDirectory::For::kOthers);
  ASSERT_TRUE(run.ok()) << run.status();
  const std::string path = (*run)->AddJson("config.json", "{}").value();
  EXPECT_EQ(0711u, ModeOf(base_));
  EXPECT_EQ(0711u, ModeOf((*run)->path()));
  EXPECT_EQ(0400u, ModeOf(path)) << "ours as long as it is given to nobody";
  ASSERT_EQ(0, ::chmod(base_.c_str(), 0777));
  EXPECT_EQ(0, Sweep()) << "others may have put anything there";
  EXPECT_FALSE(RunDirectory::Create(bases_, SystemEntropy(), RunDirectory::For::kOthers).ok());
}

TEST_F(RunDirectoryTest, IsGoneAfterwards) {
  std::string path;
  {
    const std::unique_ptr<RunDirectory> run = Create();
    path = run->path();
    ASSERT_TRUE(run->AddJson("config.json", "{}").ok());
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::is_empty(base_));
}

TEST_F(RunDirectoryTest, SweepSparesTheLiving) {
  const std::unique_ptr<RunDirectory> one = Create();
  const std::unique_ptr<RunDirectory> two = Create();
  EXPECT_NE(one->path(), two->path());
  EXPECT_EQ(0, Sweep());
  EXPECT_TRUE(fs::exists(one->path()));
}

// kill -9 of a run with secrets on disk: the next start removes them.
TEST_F(RunDirectoryTest, SweepRemovesWhatAKilledRunLeft) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::unique_ptr<RunDirectory> run = Create();
    const bool ok = run->AddJson("config.json", "{}").ok() &&
                    WriteAll(pipe->write_end.get(), run->path() + "\n").ok();
    if (ok) ::pause();  // until it is killed
    ::_exit(1);
  }
  const std::string path = ReadLine(pipe->read_end.get());
  EXPECT_EQ(0, Sweep()) << "it lives";
  ASSERT_EQ(0, ::kill(child, SIGKILL));
  ASSERT_EQ(child, ::waitpid(child, nullptr, 0));
  EXPECT_TRUE(fs::exists(path + "/config.json"));
  EXPECT_EQ(1, Sweep());
  EXPECT_FALSE(fs::exists(path));
}

// A child that clears its death signal, and one that is in nobody's notes but carries the mark.
TEST_F(RunDirectoryTest, SweepEndsWhatOutlivedItsRun) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  const pid_t parent = ::fork();
  if (parent == 0) {
    const std::unique_ptr<RunDirectory> run = Create();
    const auto noted = SpawnProcess(
        {.argv = {"/bin/sleep", "infinity"}, .die_with_parent = false, .notes = run->notes()});
    const auto marked = SpawnProcess(
        {.argv = {"/bin/sleep", "infinity"}, .env = {run->mark()}, .die_with_parent = false});
    const std::string pids =
        std::to_string(noted->pid()) + "\n" + std::to_string(marked->pid()) + "\n";
    if (WriteAll(pipe->write_end.get(), pids).ok()) ::pause();  // until it is killed
    ::_exit(1);
  }
  const pid_t noted = std::stoi(ReadLine(pipe->read_end.get()));
  const pid_t marked = std::stoi(ReadLine(pipe->read_end.get()));
  EXPECT_EQ(0, Sweep()) << "its run lives";
  ASSERT_EQ(0, ::kill(parent, SIGKILL));
  ASSERT_EQ(parent, ::waitpid(parent, nullptr, 0));
  EXPECT_EQ(0, ::kill(noted, 0));
  EXPECT_EQ(0, ::kill(marked, 0));
  const RunDirectory::Swept swept = RunDirectory::Sweep(bases_, SystemClock().WallNow());
  EXPECT_EQ(1, swept.directories);
  EXPECT_EQ(2, swept.processes);
}

TEST_F(RunDirectoryTest, SweepTellsAnUnfinishedStartByItsAge) {
  Create();  // makes the base
  ASSERT_TRUE(MakeDirs(base_ + "/new-1234", 0700).ok());
  ASSERT_TRUE(MakeDirs(base_ + "/something-else", 0700).ok());
  EXPECT_EQ(0, Sweep());
  const absl::Time later = SystemClock().WallNow() + absl::Hours(2);
  EXPECT_EQ(1, RunDirectory::Sweep(bases_, later).directories);
  EXPECT_FALSE(fs::exists(base_ + "/new-1234"));
  EXPECT_TRUE(fs::exists(base_ + "/something-else")) << "not ours";
}

// /dev/shm and /tmp are everybody's: the base may be a trap that somebody else made first.
TEST_F(RunDirectoryTest, BaseThatIsNotOursAloneIsPassedOver) {
  ASSERT_TRUE(MakeDirs(temp_ / "open", 0700).ok());
  fs::permissions(temp_ / "open", fs::perms::all);
  ASSERT_TRUE(MakeDirs(temp_ / "target", 0700).ok());
  fs::create_directory_symlink(temp_ / "target", temp_ / "link");
  const std::vector<std::string> traps = {temp_ / "open", temp_ / "link", temp_ / "missing/base"};
  const absl::Status status = RunDirectory::Create(traps, SystemEntropy()).status();
  EXPECT_EQ(absl::StatusCode::kUnavailable, status.code());
  for (const std::string& trap : traps) EXPECT_THAT(status.ToString(), HasSubstr(trap));

  std::vector<std::string> with_a_good_one = traps;
  with_a_good_one.push_back(base_);
  const auto run = RunDirectory::Create(with_a_good_one, SystemEntropy());
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT((*run)->path(), StartsWith(base_ + "/"));
  EXPECT_TRUE(fs::is_empty(temp_ / "target"));
}

// The order of the bases decides only between bases of one kind.
TEST_F(RunDirectoryTest, TmpfsIsPreferred) {
  const TempDir shared_memory("/dev/shm");
  const std::string other = shared_memory / "shunt";
  for (const std::vector<std::string>& bases :
       {std::vector<std::string>{base_, other}, std::vector<std::string>{other, base_}}) {
    const bool second_is_better =
        IsOnTmpfs(fs::path(bases[1]).parent_path()) && !IsOnTmpfs(fs::path(bases[0]).parent_path());
    const auto run = RunDirectory::Create(bases, SystemEntropy());
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_THAT((*run)->path(), StartsWith(bases[second_is_better ? 1 : 0] + "/"));
  }
}

TEST_F(RunDirectoryTest, BasesComeFromTheEnvironment) {
  const std::string own = "shunt-" + std::to_string(UserId());
  EXPECT_THAT(RunDirectoryBases({}), ElementsAre("/dev/shm/" + own, "/tmp/" + own));
  EXPECT_THAT(RunDirectoryBases({{"XDG_RUNTIME_DIR", temp_.path()}, {"TMPDIR", "/var/tmp"}}),
              ElementsAre(temp_ / "shunt", "/dev/shm/" + own, "/var/tmp/" + own));
  EXPECT_THAT(RunDirectoryBases({{"XDG_RUNTIME_DIR", "/proc"}, {"TMPDIR", "relative"}}),
              ElementsAre("/dev/shm/" + own, "/tmp/" + own))
      << "/proc is not ours alone";
}

}  // namespace
}  // namespace shunt
