// Locks that tell who is alive, and the making of private files and directories.
#include "platform/lock_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "platform/private_path.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(LockFile, ExcludesASecondOne) {
  TempDir directory;
  absl::StatusOr<LockFile> first = LockFile::Acquire(directory / "lock");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LockFile::Acquire(directory / "lock").status().code(), StatusCode::kAborted);
  EXPECT_EQ(ModeOf(directory / "lock"), 0600u);
}

TEST(LockFile, IsFreeAfterItsOwner) {
  TempDir directory;
  {
    ASSERT_TRUE(LockFile::Acquire(directory / "lock").ok());
  }
  EXPECT_TRUE(std::filesystem::exists(directory / "lock"));
  EXPECT_TRUE(LockFile::Acquire(directory / "lock").ok());
}

TEST(LockFile, MovesWithItsOwner) {
  TempDir directory;
  absl::StatusOr<LockFile> first = LockFile::Acquire(directory / "lock");
  ASSERT_TRUE(first.ok());
  {
    const LockFile moved = *std::move(first);
    EXPECT_TRUE(*IsLockHeld(directory / "lock"));
  }
  EXPECT_FALSE(*IsLockHeld(directory / "lock"));
}

TEST(LockFile, RemoveAndReleaseLeavesNothing) {
  TempDir directory;
  absl::StatusOr<LockFile> lock = LockFile::Acquire(directory / "lock");
  ASSERT_TRUE(lock.ok());
  lock->RemoveAndRelease();
  EXPECT_FALSE(std::filesystem::exists(directory / "lock"));
  EXPECT_FALSE(*IsLockHeld(directory / "lock"));
}

TEST(LockFile, FollowsNoLink) {
  TempDir directory;
  std::ofstream(directory / "victim") << "precious";
  std::filesystem::create_symlink(directory / "victim", directory / "lock");
  EXPECT_EQ(LockFile::Acquire(directory / "lock").status().code(), StatusCode::kUnavailable);
}

TEST(LockFile, NamesThePathThatFails) {
  const absl::Status status = LockFile::Acquire("/nowhere/at/all.lock").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("/nowhere/at/all.lock: No such file"), absl::string_view::npos)
      << status;
}

TEST(IsLockHeld, TellsWithoutTaking) {
  TempDir directory;
  EXPECT_FALSE(*IsLockHeld(directory / "lock")) << "a missing file is free";
  EXPECT_FALSE(std::filesystem::exists(directory / "lock"));
  absl::StatusOr<LockFile> lock = LockFile::Acquire(directory / "lock");
  EXPECT_TRUE(*IsLockHeld(directory / "lock"));
  EXPECT_TRUE(*IsLockHeld(directory / "lock"));
}

TEST(RemoveIfUnlocked, SparesTheLiving) {
  TempDir directory;
  {
    absl::StatusOr<LockFile> lock = LockFile::Acquire(directory / "lock");
    RemoveIfUnlocked(directory / "lock");
    EXPECT_TRUE(std::filesystem::exists(directory / "lock"));
  }
  RemoveIfUnlocked(directory / "lock");
  EXPECT_FALSE(std::filesystem::exists(directory / "lock"));
  RemoveIfUnlocked(directory / "lock");  // nothing there: nothing happens
}

TEST(MakePrivateDirectories, MakesWhatIsMissingAndNoMore) {
  TempDir directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  const mode_t umask_before = ::umask(0);
  EXPECT_TRUE(MakePrivateDirectories(directory / "a/b/c").ok());
  ::umask(0777);
  EXPECT_TRUE(MakePrivateDirectories(directory / "d").ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(directory.path()), 0755u);
  for (const char* made : {"a", "a/b", "a/b/c", "d"}) EXPECT_EQ(ModeOf(directory / made), 0700u);
  EXPECT_TRUE(MakePrivateDirectories(directory / "a/b/c").ok());
}

TEST(MakePrivateDirectories, NamesTheFileInTheWay) {
  TempDir directory;
  std::ofstream(directory / "file") << "x";
  for (const char* path : {"file", "file/below"}) {
    const absl::Status status = MakePrivateDirectories(directory / path);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_NE(status.message().find(directory / "file"), absl::string_view::npos) << status;
  }
}

TEST(EnsurePrivateFile, CreatesWhateverTheUmask) {
  TempDir directory;
  const mode_t umask_before = ::umask(0);
  EXPECT_TRUE(*EnsurePrivateFile(directory / "open"));
  ::umask(0777);
  EXPECT_TRUE(*EnsurePrivateFile(directory / "closed"));
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(directory / "open"), 0600u);
  EXPECT_EQ(ModeOf(directory / "closed"), 0600u);
}

TEST(EnsurePrivateFile, KeepsWhatIsThereButItsModeIsPrivate) {
  TempDir directory;
  std::ofstream(directory / "file") << "precious";
  ASSERT_EQ(::chmod((directory / "file").c_str(), 0664), 0);
  EXPECT_FALSE(*EnsurePrivateFile(directory / "file"));
  EXPECT_EQ(ModeOf(directory / "file"), 0600u);
  EXPECT_EQ(std::filesystem::file_size(directory / "file"), 8u);
}

TEST(EnsurePrivateFile, RefusesWhatIsNoFile) {
  TempDir directory;
  std::ofstream(directory / "victim") << "precious";
  std::filesystem::create_symlink(directory / "victim", directory / "link");
  std::filesystem::create_symlink(directory / "nothing", directory / "dangling");
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  for (const char* name : {"link", "dangling", "fifo", "."}) {
    EXPECT_EQ(EnsurePrivateFile(directory / name).status().code(), StatusCode::kUnavailable)
        << name;
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "nothing"));
}

TEST(ResolveParent, FollowsLinksOfTheDirectoryOnly) {
  TempDir directory;
  std::filesystem::create_directory(directory / "real");
  std::filesystem::create_directory_symlink(directory / "real", directory / "link");
  const std::string real = std::filesystem::canonical(directory / "real");
  EXPECT_EQ(*ResolveParent(directory / "link/store.db"), real + "/store.db");
  EXPECT_EQ(*ResolveParent(directory / "link/../real/store.db"), real + "/store.db");
  EXPECT_EQ(*ResolveParent("/store.db"), "/store.db");
  EXPECT_EQ(*ResolveParent("store.db"), std::filesystem::current_path().string() + "/store.db");
  for (const char* bad : {"", ".", "..", "/", "a/", "a/..", "a/."}) {
    EXPECT_FALSE(ResolveParent(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace shunt
