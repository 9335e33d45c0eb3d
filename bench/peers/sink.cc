// A destination that throws records away.
//
//   sink [--bytes-per-second 0] [--wait-ms 0] [--silent 0] [ACKS]
//
// With ACKS, a file or FIFO, it writes every STATE line there, at once, as a destination
// acknowledges.
// --wait-ms: reads nothing for so long at first. --silent 1: opens ACKS and writes nothing there.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "bench/peers/child.h"
#include "bench/peers/flags.h"
#include "bench/peers/pace.h"

namespace shunt::bench {
namespace {

// Finds STATE lines in what comes, and writes them to a descriptor.
class Acknowledger {
 public:
  explicit Acknowledger(int fd) : fd_(fd) {}

  bool Take(std::string_view bytes) {
    while (!bytes.empty()) {
      const void* const newline = std::memchr(bytes.data(), '\n', bytes.size());
      if (newline == nullptr) {
        begun_ += bytes;
        return true;
      }
      const std::size_t size =
          static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
      if (!begun_.empty()) {
        begun_ += bytes.substr(0, size);
        if (!TakeLine(begun_)) return false;
        begun_.clear();
      } else if (!TakeLine(bytes.substr(0, size))) {
        return false;
      }
      bytes.remove_prefix(size);
    }
    return true;
  }

 private:
  bool TakeLine(std::string_view line) {
    if (!line.starts_with(R"({"type":"STATE")")) return true;
    return WriteAll(fd_, line);
  }

  const int fd_;
  std::string begun_;
};

int Run(const Flags& flags) {
  const timespec wait{flags["wait-ms"] / 1000, flags["wait-ms"] % 1000 * 1'000'000};
  ::nanosleep(&wait, nullptr);
  const char* const acks = flags.rest()[0];
  const int fd = acks == nullptr ? -1 : ::open(acks, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (acks != nullptr && fd < 0) {
    std::perror(acks);
    return 1;
  }
  Acknowledger acknowledger(fd);
  Pace pace(flags["bytes-per-second"]);
  std::vector<char> buffer(std::size_t{256} << 10);
  // A slow reader takes little at a time.
  const std::size_t read_bytes =
      flags["bytes-per-second"] == 0 ? buffer.size() : std::size_t{16} << 10;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), read_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? 0 : 1;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (fd >= 0 && flags["silent"] == 0 && !acknowledger.Take(bytes)) return 1;
    pace.Spend(bytes.size());
  }
}

}  // namespace
}  // namespace shunt::bench

int main(int argc, char** argv) {
  return shunt::bench::Run(
      shunt::bench::Flags(argc, argv, {{"bytes-per-second", 0}, {"wait-ms", 0}, {"silent", 0}}));
}
