// Whose a path is: what others made, own, can change or could swap is refused, and what people
// really have is not. As root, files of others are made; else those tests say that they were not.
#include "platform/private_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/files.h"
#include "platform/output_path.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

namespace fs = std::filesystem;
using ::absl::StatusCode;
using ::testing::HasSubstr;

constexpr uid_t kStranger = 54321;

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(0, ::lstat(path.c_str(), &info)) << path;
  return info.st_mode & 07777;
}

class PrivatePathTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(0, ::chmod(temp_.path().c_str(), 0755)); }

  std::string Directory(const std::string& name, mode_t mode) {
    const std::string path = temp_ / name;
    EXPECT_EQ(0, ::mkdir(path.c_str(), 0700)) << path;
    EXPECT_EQ(0, ::chmod(path.c_str(), mode)) << path;
    return path;
  }
  std::string File(const std::string& name, mode_t mode) {
    const std::string path = temp_ / name;
    std::ofstream(path) << "precious";
    EXPECT_EQ(0, ::chmod(path.c_str(), mode)) << path;
    return path;
  }
  // Refused, for what is wrong with this path.
  static void ExpectRefused(const absl::Status& status, const std::string& why) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
  static absl::Status Open(const std::string& path, Others others) {
    return OwnDirectory::Open(path, others).status();
  }

  const TempDir temp_;
};

#define SKIP_UNLESS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of others"

TEST_F(PrivatePathTest, ADirectoryThatOthersCanWriteToIsRefusedWhereverItStands) {
  Directory("open", 0777);
  Directory("open/mine", 0700);
  for (const Others others : {Others::kNothing, Others::kPass, Others::kRead, Others::kAdd}) {
    ExpectRefused(Open(temp_ / "open", others), "mode 0777");
    ExpectRefused(Open(temp_ / "open/mine", others), temp_ / "open can be changed by others");
  }
}

TEST_F(PrivatePathTest, BelowTheStickyBitOursIsOurs) {
  Directory("sticky", 01777);
  Directory("sticky/mine", 0700);
  EXPECT_TRUE(Open(temp_ / "sticky/mine", Others::kNothing).ok());
  EXPECT_TRUE(Open(temp_ / "sticky", Others::kAdd).ok());
  ExpectRefused(Open(temp_ / "sticky", Others::kRead), "one of your own below it");
}

TEST_F(PrivatePathTest, ModesOfTheDirectoryItself) {
  const std::string path = Directory("d", 0755);
  EXPECT_TRUE(Open(path, Others::kRead).ok());
  EXPECT_TRUE(Open(path, Others::kPass).ok());
  ExpectRefused(Open(path, Others::kNothing), "mode 0755): chmod 700");
  ASSERT_TRUE(OwnDirectory::Open(path, Others::kPass, Missing::kMakeLast).ok());
  EXPECT_EQ(ModeOf(path), 0711u);
}

TEST_F(PrivatePathTest, WhatBelongsToAnotherUserIsRefused) {
  SKIP_UNLESS_ROOT();
  const std::string theirs = Directory("theirs", 0755);
  Directory("theirs/mine", 0700);
  ASSERT_EQ(0, ::chown(theirs.c_str(), kStranger, kStranger));
  ExpectRefused(Open(theirs, Others::kAdd), "uid 54321");
  ExpectRefused(Open(theirs + "/mine", Others::kRead), "belongs to another user");
  const std::string file = File("file", 0600);
  ASSERT_EQ(0, ::chown(file.c_str(), kStranger, kStranger));
  const OwnDirectory directory = *OwnDirectory::Open(temp_.path(), Others::kRead);
  ExpectRefused(directory.Has("file").status(), "belongs to another user");
  ExpectRefused(directory.EnsurePrivate("file").status(), "belongs to another user");
  ExpectRefused(directory.Replace("file", "x", 0600), "belongs to another user");
  ExpectRefused(directory.ReadSecret("file", 100).status(), "belongs to another user");
  EXPECT_EQ(ReadFile(file, 100).value(), "precious");
}

TEST_F(PrivatePathTest, ALinkThatAnotherUserPutIntoAStickyDirectoryIsNotFollowed) {
  SKIP_UNLESS_ROOT();
  Directory("sticky", 01777);
  Directory("target", 0700);
  fs::create_directory_symlink(temp_ / "target", temp_ / "sticky/theirs");
  EXPECT_TRUE(Open(temp_ / "sticky/theirs", Others::kRead).ok()) << "it is still ours";
  ExpectRefused(Open(temp_ / "sticky/theirs", Others::kNothing),
                "sticky/theirs is a symbolic link");
  ASSERT_EQ(0, ::lchown((temp_ / "sticky/theirs").c_str(), kStranger, kStranger));
  ExpectRefused(Open(temp_ / "sticky/theirs", Others::kNothing), "sticky/theirs belongs to");
}

TEST_F(PrivatePathTest, AGroupIsOthersUnlessNobodyElseIsInIt) {
  SKIP_UNLESS_ROOT();
  const std::string path = Directory("d", 0775);
  EXPECT_TRUE(Open(path, Others::kRead).ok()) << "root's own group";
  ASSERT_EQ(0, ::chown(path.c_str(), 0, 1));  // daemon, of another name than root
  ExpectRefused(Open(path, Others::kRead), "mode 0775");
  ASSERT_EQ(0, ::chown(path.c_str(), 0, kStranger));
  ExpectRefused(Open(path, Others::kRead), "mode 0775");  // nobody's, and not ours either
}

TEST_F(PrivatePathTest, LinkedDirectoriesAreWalkedLikeOthers) {
  Directory("real", 0755);
  Directory("open", 0777);
  Directory("open/mine", 0700);
  fs::create_directory_symlink("real", temp_ / "relative");
  fs::create_directory_symlink(temp_ / "real", temp_ / "absolute");
  fs::create_directory_symlink(temp_ / "open/mine", temp_ / "astray");
  fs::create_directory_symlink("round", temp_ / "round");
  const std::string real = fs::canonical(temp_ / "real");
  for (const char* name : {"relative", "absolute", "relative/../absolute", "real/./", "real//"}) {
    const absl::StatusOr<OwnDirectory> directory = OwnDirectory::Open(temp_ / name, Others::kRead);
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_EQ(directory->path(), real);
  }
  ExpectRefused(Open(temp_ / "astray", Others::kRead), "open can be changed by others");
  EXPECT_THAT(std::string(Open(temp_ / "round", Others::kRead).message()),
              HasSubstr("Too many levels"));
}

TEST_F(PrivatePathTest, MakesWhatIsMissingAndNoMore) {
  const mode_t umask_before = ::umask(0);
  EXPECT_TRUE(OwnDirectory::Open(temp_ / "a/b/c", Others::kRead, Missing::kMakeAll).ok());
  ::umask(0777);
  EXPECT_TRUE(OwnDirectory::Open(temp_ / "d", Others::kNothing, Missing::kMakeLast).ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(temp_.path()), 0755u);
  for (const char* made : {"a", "a/b", "a/b/c", "d"}) EXPECT_EQ(ModeOf(temp_ / made), 0700u);
  EXPECT_EQ(OwnDirectory::Open(temp_ / "x/y", Others::kRead, Missing::kMakeLast).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(Open(temp_ / "x", Others::kRead).code(), StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(temp_ / "x"));
  File("file", 0600);
  for (const char* name : {"file", "file/below"}) {
    const absl::Status status =
        OwnDirectory::Open(temp_ / name, Others::kRead, Missing::kMakeAll).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr(temp_ / "file"));
  }
}

TEST_F(PrivatePathTest, FindsTheDirectoryOfAName) {
  EXPECT_EQ(OwnPath::Find(temp_ / "store.db", Others::kRead)->path(),
            fs::canonical(temp_.path()).string() + "/store.db");
  EXPECT_EQ(OwnPath::Find("/store.db", Others::kRead)->path(), "/store.db");
  for (const char* bad : {"", ".", "..", "/", "a/", "a/..", "a/."}) {
    EXPECT_FALSE(OwnPath::Find(bad, Others::kRead).ok()) << bad;
  }
}

class OwnFileTest : public PrivatePathTest {
 protected:
  const OwnDirectory directory_ = [this] {
    EXPECT_EQ(0, ::chmod(temp_.path().c_str(), 0755));
    return *OwnDirectory::Open(temp_.path(), Others::kRead);
  }();
};

TEST_F(OwnFileTest, IsMadePrivateWhateverTheUmask) {
  const mode_t umask_before = ::umask(0);
  EXPECT_TRUE(*directory_.EnsurePrivate("open"));
  ::umask(0777);
  EXPECT_TRUE(*directory_.EnsurePrivate("closed"));
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(temp_ / "open"), 0600u);
  EXPECT_EQ(ModeOf(temp_ / "closed"), 0600u);
}

TEST_F(OwnFileTest, ThatOthersCanReadBecomesPrivateAndOneThatTheyCanWriteIsRefused) {
  const std::string file = File("file", 0644);
  EXPECT_FALSE(*directory_.EnsurePrivate("file"));
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_EQ(fs::file_size(file), 8u);
  ASSERT_EQ(0, ::chmod(file.c_str(), 0666));
  ExpectRefused(directory_.EnsurePrivate("file").status(), "chmod 600");
  EXPECT_EQ(ModeOf(file), 0666u);
}

TEST_F(OwnFileTest, IsNeitherALinkNorAFifo) {
  File("victim", 0600);
  fs::create_symlink(temp_ / "victim", temp_ / "link");
  fs::create_symlink(temp_ / "nothing", temp_ / "dangling");
  Directory("directory", 0700);
  ASSERT_EQ(0, ::mkfifo((temp_ / "fifo").c_str(), 0600));
  for (const char* name : {"link", "dangling", "fifo", "directory"}) {
    ExpectRefused(directory_.Has(name).status(), temp_ / name);
    ExpectRefused(directory_.EnsurePrivate(name).status(), temp_ / name);
    ExpectRefused(directory_.Replace(name, "x", 0600), temp_ / name);
    EXPECT_FALSE(directory_.ReadSecret(name, 100).ok()) << name;
  }
  EXPECT_FALSE(fs::exists(temp_ / "nothing"));
  EXPECT_EQ(ReadFile(temp_ / "victim", 100).value(), "precious");
}

TEST_F(OwnFileTest, IsReplacedWholeWithItsModeDespiteTheUmask) {
  const mode_t umask_before = ::umask(077);
  ASSERT_TRUE(ReplaceOwnFile(temp_ / "f", "old", 0644).ok());
  const Fd old(::open((temp_ / "f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(ReplaceOwnFile(temp_ / "f", "new", 0644).ok());
  ::umask(umask_before);
  EXPECT_EQ("new", ReadFile(temp_ / "f", 10).value());
  EXPECT_EQ(0644u, ModeOf(temp_ / "f"));
  char buffer[8];
  EXPECT_EQ("old", std::string(buffer, ReadSome(old.get(), buffer).bytes)) << "its readers keep it";
  EXPECT_FALSE(ReplaceOwnFile(temp_ / "missing/f", "x", 0600).ok());
  EXPECT_EQ(1, std::distance(fs::directory_iterator(temp_.path()), fs::directory_iterator()))
      << "no temporary file stays";
}

TEST_F(OwnFileTest, ASecretIsReadByNobodyElse) {
  File("key", 0600);
  EXPECT_EQ(directory_.ReadSecret("key", 8).value(), "precious");
  EXPECT_EQ(directory_.ReadSecret("key", 7).status().code(), StatusCode::kOutOfRange);
  for (const mode_t mode : {0640u, 0604u, 0620u, 0602u}) {
    ASSERT_EQ(0, ::chmod((temp_ / "key").c_str(), mode));
    ExpectRefused(directory_.ReadSecret("key", 100).status(), "chmod 600");
  }
  EXPECT_EQ(directory_.ReadSecret("none", 9).status().code(), StatusCode::kNotFound);
}

TEST_F(OwnFileTest, HasAnIdentityThatAReplacementHasNot) {
  const std::string file = File("f", 0600);
  const FileIdentity before = *IdentifyFile(file);
  EXPECT_EQ(*IdentifyFile(file), before);
  ASSERT_TRUE(ReplaceOwnFile(file, "x", 0600).ok());
  EXPECT_FALSE(*IdentifyFile(file) == before);
  ASSERT_EQ(0, ::unlink(file.c_str()));
  EXPECT_EQ(IdentifyFile(file).status().code(), StatusCode::kNotFound);
}

using OutputPathTest = PrivatePathTest;

TEST_F(OutputPathTest, TakesFilesOfOursStreamsAndDevices) {
  Directory("sticky", 01777);
  for (const char* name : {"new", "sticky/new"}) {
    EXPECT_TRUE(CheckOutputPath(temp_ / name).ok());
    EXPECT_FALSE(fs::exists(temp_ / name)) << "it was only looked at";
    EXPECT_TRUE(WriteOutput(temp_ / name, "{}", 0600, nullptr).ok());
    EXPECT_EQ(ReadFile(temp_ / name, 10).value(), "{}");
  }
  EXPECT_TRUE(WriteOutput("/dev/null", "{}", 0600, nullptr).ok());
  absl::StatusOr<Pipe> pipe = MakePipe();
  for (const char* folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::string path = folder + std::to_string(pipe->write_end.get());
    EXPECT_TRUE(CheckOutputPath(path).ok());
    EXPECT_TRUE(WriteOutput(path, "{}", 0600, nullptr).ok());
    char buffer[8];
    EXPECT_EQ("{}", std::string(buffer, ReadSome(pipe->read_end.get(), buffer).bytes));
  }
  ExpectRefused(CheckOutputPath("/dev/fd/999"), "not an open descriptor");
}

TEST_F(OutputPathTest, NeitherFollowsALinkNorWaitsForAFifo) {
  File("victim", 0600);
  fs::create_symlink(temp_ / "victim", temp_ / "link");
  ASSERT_EQ(0, ::mkfifo((temp_ / "fifo").c_str(), 0600));
  Directory("open", 0777);
  for (const char* name : {"link", "fifo", "open", "open/new"}) {
    ExpectRefused(CheckOutputPath(temp_ / name), temp_.path());
    ExpectRefused(WriteOutput(temp_ / name, "{}", 0600, nullptr), temp_.path());
  }
  EXPECT_EQ(ReadFile(temp_ / "victim", 100).value(), "precious");
}

TEST_F(OutputPathTest, AStreamThatNobodyReadsEndsWithTheStop) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  const std::string path = "/dev/fd/" + std::to_string(pipe->write_end.get());
  const std::string much(8 << 20, 'x');
  EXPECT_EQ(WriteOutput(path, much, 0600, [] { return true; }).code(),
            StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace shunt
