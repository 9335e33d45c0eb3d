// A directory that somebody else writes to as well: what is taken from it, and what never is.
#include "platform/shared_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "platform/files.h"
#include "platform/private_path.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMax = 64;

class SharedDirectoryTest : public ::testing::Test {
 protected:
  void Put(const char* name, std::string_view bytes, mode_t mode = 0644) {
    ASSERT_TRUE(ReplaceOwnFile(dir_ / name, bytes, mode).ok());
  }

  const TempDir dir_;
  const std::unique_ptr<SharedDirectory> shared_ = SharedDirectory::Take(dir_.path()).value();
};

TEST_F(SharedDirectoryTest, BelongsToOneAtATime) {
  EXPECT_TRUE(absl::IsAborted(SharedDirectory::Take(dir_.path()).status()));
  const TempDir other;
  {
    ASSERT_TRUE(SharedDirectory::Take(other.path()).ok());
  }
  EXPECT_TRUE(SharedDirectory::Take(other.path()).ok()) << "free again";
  EXPECT_TRUE(ListDirectory(other.path()).value().empty()) << "no lock file is left";
  EXPECT_TRUE(absl::IsNotFound(SharedDirectory::Take(dir_ / "missing").status()));
}

TEST_F(SharedDirectoryTest, ReadsRegularFilesAndNothingElse) {
  Put("file", "17\n");
  Put("long", std::string(kMax + 1, 'x'));
  ASSERT_EQ(0, ::symlink("file", (dir_ / "link").c_str()));
  ASSERT_EQ(0, ::mkfifo((dir_ / "fifo").c_str(), 0600));
  EXPECT_EQ("17\n", shared_->Read("file", kMax).value());
  EXPECT_TRUE(absl::IsOutOfRange(shared_->Read("long", kMax).status()));
  for (const char* name : {"link", "fifo", "."}) {  // the FIFO would wait for a writer
    const absl::Status status = shared_->Read(name, kMax).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_TRUE(shared_->Has(name));
  }
  EXPECT_TRUE(absl::IsNotFound(shared_->Read("missing", kMax).status()));
  EXPECT_FALSE(shared_->Has("missing"));
}

TEST_F(SharedDirectoryTest, TouchesOnce) {
  EXPECT_TRUE(shared_->Touch("mark").ok());
  EXPECT_TRUE(shared_->Touch("mark").ok());
  EXPECT_EQ("", shared_->Read("mark", kMax).value());
  ASSERT_EQ(0, ::symlink("/nonexistent/target", (dir_ / "link").c_str()));
  EXPECT_TRUE(shared_->Touch("link").ok()) << "something has the name";
}

TEST_F(SharedDirectoryTest, ReplacingKeepsTheMode) {
  Put("config", "old", 0640);
  ASSERT_TRUE(shared_->Replace("config", "new", 0600).ok());
  ASSERT_TRUE(shared_->Replace("fresh", "new", 0604).ok());
  EXPECT_EQ("new", shared_->Read("config", kMax).value());
  struct stat info{};
  ASSERT_EQ(0, ::stat((dir_ / "config").c_str(), &info));
  EXPECT_EQ(0640U, info.st_mode & 0777U);
  ASSERT_EQ(0, ::stat((dir_ / "fresh").c_str(), &info));
  EXPECT_EQ(0604U, info.st_mode & 0777U);
  EXPECT_EQ(2U, ListDirectory(dir_.path()).value().size()) << "nothing else is left";
}

TEST_F(SharedDirectoryTest, ReplacingSurvivesWhatAKilledRunLeft) {
  Put(".config.shunt", "half of it");
  ASSERT_TRUE(shared_->Replace("config", "new", 0600).ok());
  EXPECT_EQ("new", shared_->Read("config", kMax).value());
}

TEST_F(SharedDirectoryTest, ReplacesNoLink) {
  Put("elsewhere", "precious");
  ASSERT_EQ(0, ::symlink("elsewhere", (dir_ / "config").c_str()));
  const absl::Status status = shared_->Replace("config", "new", 0600);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(dir_ / "config"));
  EXPECT_EQ("precious", shared_->Read("elsewhere", kMax).value());
}

TEST_F(SharedDirectoryTest, TellsWhenAFileAppears) {
  EXPECT_FALSE(shared_->DrainWatch());
  Put("news", "1");
  PollRequest request{.fd = shared_->watch_fd(), .want_read = true};
  EXPECT_EQ(1, Poll(std::span(&request, 1), absl::Seconds(60)));
  EXPECT_TRUE(shared_->DrainWatch());
  EXPECT_FALSE(shared_->DrainWatch()) << "told once";
}

TEST_F(SharedDirectoryTest, Removes) {
  Put("file", "x");
  EXPECT_TRUE(shared_->Remove("file").ok());
  EXPECT_TRUE(shared_->Remove("file").ok());
  EXPECT_FALSE(shared_->Has("file"));
}

}  // namespace
}  // namespace shunt
