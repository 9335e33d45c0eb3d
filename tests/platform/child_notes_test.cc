// Notes of children: who is in them is ended by somebody else later on, and nobody besides.
#include "platform/child_notes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/check.h"
#include "platform/files.h"
#include "platform/process.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

constexpr char kMark[] = "CHILD_NOTES_TEST=8d4f1b";
constexpr absl::Duration kWaitMax = absl::Seconds(2);

class ChildNotesTest : public ::testing::Test {
 protected:
  Process Sleeper(const ChildNotes* notes, std::map<std::string, std::string> env = {}) {
    absl::StatusOr<Process> process =
        SpawnProcess({.argv = {"/bin/sleep", "infinity"}, .env = std::move(env), .notes = notes});
    SHUNT_CHECK(process.ok());
    return *std::move(process);
  }
  int EndAll() { return ChildNotes::EndAll(path_, kMark, kWaitMax); }

  TempDir temp_;
  const std::string path_ = temp_ / "children";
};

TEST_F(ChildNotesTest, EndsWhoIsNotedAndNobodyElse) {
  absl::StatusOr<ChildNotes> notes = ChildNotes::Create(path_);
  ASSERT_TRUE(notes.ok()) << notes.status();
  Process noted = Sleeper(&*notes);
  Process stranger = Sleeper(nullptr);
  EXPECT_EQ(1, EndAll());
  EXPECT_EQ(SIGKILL, noted.WaitFor(kTestWaitMax)->signal);
  EXPECT_FALSE(stranger.Poll().has_value());
  EXPECT_EQ(0, EndAll()) << "it is gone";
}

TEST_F(ChildNotesTest, EndsTheSessionOfWhoIsNoted) {
  absl::StatusOr<ChildNotes> notes = ChildNotes::Create(path_);
  absl::StatusOr<Process> shell = SpawnProcess(
      {.argv = {"/bin/sh", "-c", "set -m; sleep infinity & echo up; exec sleep infinity"},
       .standard_output = ChildStream::Pipe(),
       .notes = &*notes});
  const Fd output = shell->TakeStdout();
  ASSERT_EQ("up", ReadLine(output.get()));
  EXPECT_EQ(2, EndAll()) << "in groups of their own";
  EXPECT_EQ("", ReadToEnd(output.get()));
}

TEST_F(ChildNotesTest, EndsWhoCarriesTheMark) {
  Process marked = Sleeper(nullptr, {{"CHILD_NOTES_TEST", "8d4f1b"}});
  Process other = Sleeper(nullptr, {{"CHILD_NOTES_TEST", "8d4f1b0"}});
  EXPECT_EQ(1, EndAll()) << "without any notes";
  EXPECT_EQ(SIGKILL, marked.WaitFor(kTestWaitMax)->signal);
  EXPECT_FALSE(other.Poll().has_value());
}

// Numbers are used again: the same one at another time, in another boot, or in another container is
// somebody else's.
TEST_F(ChildNotesTest, ANumberAloneIsNobody) {
  absl::StatusOr<ChildNotes> notes = ChildNotes::Create(path_);
  Process sleeper = Sleeper(&*notes);
  const std::string line = ReadFile(path_, 1000).value();
  const std::vector<std::string> words = absl::StrSplit(line.substr(0, line.size() - 1), ' ');
  ASSERT_EQ(3u, words.size()) << line;
  for (const std::string& other :
       {absl::StrCat(words[0], " ", words[1], " ", std::stoll(words[2]) - 1),
        absl::StrCat("x", words[0], " ", words[1], " ", words[2]), absl::StrCat(words[0], " 1 1"),
        absl::StrCat(words[0], " 0 ", words[2]), absl::StrCat(words[0], " -1 ", words[2]),
        std::string("rubbish"), std::string(70000, 'x')}) {
    ASSERT_EQ(0, ::unlink(path_.c_str()));
    ASSERT_TRUE(WriteNewFile(path_, other + "\n", 0600).ok());
    EXPECT_EQ(0, EndAll()) << other.substr(0, 100);
  }
  EXPECT_FALSE(sleeper.Poll().has_value());
}

TEST_F(ChildNotesTest, AFileThatIsThereIsNotTaken) {
  ASSERT_TRUE(WriteNewFile(path_, "", 0600).ok());
  EXPECT_FALSE(ChildNotes::Create(path_).ok());
}

}  // namespace
}  // namespace shunt
