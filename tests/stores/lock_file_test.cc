// Locks that tell who is alive.
#include "platform/lock_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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

}  // namespace
}  // namespace shunt
