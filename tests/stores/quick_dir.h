// QuickDir: an empty directory for one test, in memory where the machine has such a place. These
// tests make thousands of commits and prove what is written and when; that a disk is slow is not
// their matter.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>

#include "tests/platform/temp_dir.h"

namespace shunt {

class QuickDir {
 public:
  QuickDir() {
    char path[] = "/dev/shm/shunt-test-XXXXXX";
    if (::mkdtemp(path) != nullptr) {
      path_ = path;
    } else {
      path_ = elsewhere_.emplace().path();
    }
  }
  ~QuickDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  QuickDir(const QuickDir&) = delete;
  QuickDir& operator=(const QuickDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::optional<TempDir> elsewhere_;
  std::string path_;
};

}  // namespace shunt
