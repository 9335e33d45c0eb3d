// Files: replaced whole or not at all, exact modes, bounded reads, trees removed without leaving
// them.
#include "platform/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

namespace fs = std::filesystem;

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(0, ::lstat(path.c_str(), &info)) << path;
  return info.st_mode & 07777;
}

std::size_t EntriesOf(const std::string& path) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

TEST(ReadFileTest, ReadsUpToTheLimit) {
  const TempDir directory;
  const std::string bytes(200000, 'x');
  ASSERT_TRUE(WriteNewFile(directory / "f", bytes, 0600).ok());
  EXPECT_EQ(bytes, ReadFile(directory / "f", bytes.size()).value());
  const absl::Status status = ReadFile(directory / "f", bytes.size() - 1).status();
  EXPECT_EQ(absl::StatusCode::kOutOfRange, status.code());
  EXPECT_NE(status.ToString().npos, status.ToString().find(directory / "f"));
}

TEST(ReadFileTest, EmptyFileIsEmpty) { EXPECT_EQ("", ReadFile("/dev/null", 0).value()); }

TEST(ReadFileTest, NamesWhatIsMissing) {
  const absl::Status status = ReadFile("/no/such/file", 10).status();
  EXPECT_EQ(absl::StatusCode::kNotFound, status.code());
  EXPECT_NE(status.ToString().npos, status.ToString().find("/no/such/file"));
  EXPECT_FALSE(ReadFile("/tmp", 10).ok()) << "a directory";
}

// `mkfifo f; vault read > f &`: what nobody has opened yet is waited for.
TEST(ReadFileTest, WaitsForTheWriterOfAFifo) {
  const TempDir directory;
  const std::string path = directory / "fifo";
  ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600));
  std::thread writer([&path] {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));  // until somebody reads
    EXPECT_TRUE(WriteAll(fd.get(), "{}").ok());
  });
  EXPECT_EQ("{}", ReadFile(path, 100).value());
  writer.join();
}

TEST(WriteNewFileTest, NeverTouchesWhatIsThere) {
  const TempDir directory;
  ASSERT_TRUE(WriteNewFile(directory / "f", "one", 0400).ok());
  EXPECT_EQ(0400u, ModeOf(directory / "f"));
  EXPECT_FALSE(WriteNewFile(directory / "f", "two", 0400).ok());
  EXPECT_EQ("one", ReadFile(directory / "f", 10).value());
  fs::create_symlink("elsewhere", directory / "link");
  EXPECT_FALSE(WriteNewFile(directory / "link", "x", 0600).ok());
}

TEST(MakeDirsTest, MakesAllThatIsMissing) {
  const TempDir directory;
  EXPECT_TRUE(MakeDirs(directory / "a/b//c/", 0700).ok());
  EXPECT_TRUE(MakeDirs(directory / "a/b/c", 0700).ok()) << "it is there already";
  EXPECT_EQ(0700u, ModeOf(directory / "a/b/c"));
  ASSERT_TRUE(WriteNewFile(directory / "file", "", 0600).ok());
  EXPECT_FALSE(MakeDirs(directory / "file/below", 0700).ok());
  EXPECT_FALSE(MakeDirs("", 0700).ok());
}

TEST(RemoveTreeTest, RemovesAllInItAndNothingElse) {
  const TempDir directory;
  ASSERT_TRUE(MakeDirs(directory / "tree/a/b", 0700).ok());
  ASSERT_TRUE(WriteNewFile(directory / "tree/a/file", "x", 0400).ok());
  ASSERT_TRUE(MakeDirs(directory / "outside", 0700).ok());
  ASSERT_TRUE(WriteNewFile(directory / "outside/precious", "x", 0600).ok());
  fs::create_directory_symlink(directory / "outside", directory / "tree/a/link");
  EXPECT_TRUE(RemoveTree(directory / "tree").ok());
  EXPECT_FALSE(fs::exists(directory / "tree"));
  EXPECT_TRUE(fs::exists(directory / "outside/precious"));
  EXPECT_TRUE(RemoveTree(directory / "tree").ok()) << "nothing is left to remove";
}

TEST(FilesystemTest, KnowsTmpfs) {
  EXPECT_FALSE(IsOnTmpfs("/proc"));
  EXPECT_FALSE(IsOnTmpfs("/no/such/directory"));
  const TempDir directory;
  EXPECT_TRUE(OnSameFilesystem(directory.path(), directory / "."));
  EXPECT_FALSE(OnSameFilesystem(directory.path(), "/proc"));
  EXPECT_FALSE(OnSameFilesystem(directory.path(), "/no/such/directory"));
}

TEST(UnlinkedFileTest, GivesBackWhatWasWritten) {
  const TempDir directory;
  absl::StatusOr<UnlinkedFile> file = UnlinkedFile::Create(directory.path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(0u, EntriesOf(directory.path())) << "it has no name";
  const std::string big(3 << 20, 'b');
  EXPECT_TRUE(file->WriteAt(0, "small").ok());
  EXPECT_TRUE(file->WriteAt(5, big).ok());
  EXPECT_EQ("small", file->ReadAt(0, 5).value());
  EXPECT_EQ(big, file->ReadAt(5, big.size()).value());
  EXPECT_EQ(absl::StatusCode::kDataLoss, file->ReadAt(5, big.size() + 1).status().code());
  EXPECT_TRUE(file->Shrink(5).ok());
  EXPECT_EQ(5, file->size());
  EXPECT_TRUE(file->WriteAt(1, "tar").ok());
  EXPECT_EQ("starl", file->ReadAt(0, 5).value());
  EXPECT_EQ(absl::StatusCode::kDataLoss, file->ReadAt(0, 6).status().code());
}

TEST(UnlinkedFileTest, NamesTheDirectoryThatCannotTakeIt) {
  const absl::Status status = UnlinkedFile::Create("/no/such/directory").status();
  EXPECT_EQ(absl::StatusCode::kUnavailable, status.code()) << "never that of a budget";
  EXPECT_NE(status.ToString().npos, status.ToString().find("/no/such/directory"));
}

}  // namespace
}  // namespace shunt
