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

TEST(WriteFileAtomicallyTest, ReplacesAndSetsTheModeDespiteTheUmask) {
  const TempDir directory;
  const mode_t umask_before = ::umask(077);
  ASSERT_TRUE(WriteFileAtomically(directory / "f", "one", 0644).ok());
  ASSERT_TRUE(WriteFileAtomically(directory / "f", "two", 0644).ok());
  ::umask(umask_before);
  EXPECT_EQ("two", ReadFile(directory / "f", 10).value());
  EXPECT_EQ(0644u, ModeOf(directory / "f"));
  EXPECT_EQ(1u, EntriesOf(directory.path())) << "no temporary file stays";
}

TEST(WriteFileAtomicallyTest, AReaderOfTheOldFileKeepsIt) {
  const TempDir directory;
  ASSERT_TRUE(WriteFileAtomically(directory / "f", "old", 0600).ok());
  const Fd old(::open((directory / "f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(WriteFileAtomically(directory / "f", "new", 0600).ok());
  char buffer[8];
  EXPECT_EQ("old", std::string(buffer, ReadSome(old.get(), buffer).bytes));
}

TEST(WriteFileAtomicallyTest, FailureLeavesTheOldFileAndNoTemporary) {
  const TempDir directory;
  EXPECT_FALSE(WriteFileAtomically(directory / "missing/f", "x", 0600).ok());
  ASSERT_TRUE(MakeDirs(directory / "f", 0700).ok());
  EXPECT_FALSE(WriteFileAtomically(directory / "f", "x", 0600).ok()) << "a directory";
  EXPECT_EQ(1u, EntriesOf(directory.path()));
}

TEST(WriteFileAtomicallyTest, KeepsASymbolicLinkAndReplacesItsTarget) {
  const TempDir directory;
  ASSERT_TRUE(WriteNewFile(directory / "target", "old", 0600).ok());
  fs::create_symlink("target", directory / "link");
  ASSERT_TRUE(WriteFileAtomically(directory / "link", "new", 0600).ok());
  EXPECT_TRUE(fs::is_symlink(directory / "link"));
  EXPECT_EQ("new", ReadFile(directory / "target", 10).value());
}

TEST(WriteFileAtomicallyTest, WritesIntoWhatIsNoRegularFile) {
  const TempDir directory;
  ASSERT_EQ(0, ::mkfifo((directory / "fifo").c_str(), 0600));
  std::string got;
  std::thread reader([&] { got = ReadFile(directory / "fifo", 100).value_or("failed"); });
  EXPECT_TRUE(WriteFileAtomically(directory / "fifo", "report", 0600).ok());
  reader.join();
  EXPECT_EQ("report", got);
  EXPECT_TRUE(fs::is_fifo(directory / "fifo"));
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
  EXPECT_NE(status.ToString().npos, status.ToString().find("/no/such/directory"));
}

}  // namespace
}  // namespace shunt
