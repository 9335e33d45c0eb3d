// How long a STATE takes through a command while records move: the time of its write stands in the
// STATE, and the other end of the pipe compares.
//
//   state_latency [--bytes-per-second 0] [--every 1000] [--milliseconds 1000] FILE COMMAND
//   [ARGUMENT...]
//
// FILE holds records, one a line. Below the command's speed the pipe in front of it stays empty,
// and the time is the command's own; at full speed (0) the time in that pipe is in it too. Prints
// one line of JSON.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/peers/child.h"
#include "bench/peers/flags.h"
#include "bench/peers/mapped_file.h"
#include "bench/peers/pace.h"
#include "bench/peers/percentiles.h"

namespace shunt::bench {
namespace {

constexpr unsigned kDeadlineSeconds = 120;
constexpr std::string_view kHead =
    R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users",)"
    R"("namespace":"public"},"stream_state":{"ns":)";

std::string StateLine(int64_t records) {
  return std::string(kHead) + std::to_string(MonotonicNanoseconds()) +
         R"(}},"sourceStats":{"recordCount":)" + std::to_string(records) + ".0}}}\n";
}

// Writes records, and a STATE after every so many, until the time is over.
class Source {
 public:
  Source(const Flags& flags, std::string_view records, int fd)
      : flags_(flags), records_(records), fd_(fd) {}

  void Run() {
    const int64_t end = MonotonicNanoseconds() + flags_["milliseconds"] * 1'000'000;
    Pace pace(flags_["bytes-per-second"]);
    while (MonotonicNanoseconds() < end) {
      for (int64_t left = flags_["every"]; left > 0;) {
        const std::string_view piece = NextPiece(&left);
        if (!WriteAll(fd_, piece)) return;
        bytes_ += piece.size();
        pace.Spend(piece.size());
      }
      const std::string state = StateLine(flags_["every"]);
      if (!WriteAll(fd_, state)) return;
    }
    ::close(fd_);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kPieceBytes = 16 << 10;

  // Whole records, about a piece of them and at most `left`.
  std::string_view NextPiece(int64_t* left) {
    if (at_ == records_.size()) at_ = 0;
    const std::size_t begin = at_;
    while (*left > 0 && at_ < records_.size() && at_ - begin < kPieceBytes) {
      at_ = records_.find('\n', at_) + 1;
      --*left;
    }
    return records_.substr(begin, at_ - begin);
  }

  const Flags& flags_;
  const std::string_view records_;
  const int fd_;
  std::size_t at_ = 0;
  std::size_t bytes_ = 0;
};

// Takes everything; the ages of the STATEs as they come.
class Sink {
 public:
  std::vector<int64_t> Run(int fd) {
    std::vector<char> buffer(std::size_t{256} << 10);
    for (;;) {
      const ssize_t got = ::read(fd, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return ages_;
      Take({buffer.data(), static_cast<std::size_t>(got)}, MonotonicNanoseconds());
    }
  }

 private:
  void Take(std::string_view bytes, int64_t now) {
    for (;;) {
      const std::size_t newline = bytes.find('\n');
      begun_ += bytes.substr(0, std::min(newline, kNeeded - std::min(begun_.size(), kNeeded)));
      if (newline == std::string_view::npos) return;
      if (begun_.starts_with(kHead)) {
        ages_.push_back(now - std::atoll(begun_.c_str() + kHead.size()));
      }
      begun_.clear();
      bytes.remove_prefix(newline + 1);
    }
  }

  static constexpr std::size_t kNeeded = kHead.size() + 20;  // of a line

  std::string begun_;
  std::vector<int64_t> ages_;
};

int Run(const Flags& flags) {
  if (flags.rest()[0] == nullptr || flags.rest()[1] == nullptr) return 2;
  ::alarm(kDeadlineSeconds);  // the command dies with us
  std::signal(SIGPIPE, SIG_IGN);
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) return 1;
  const std::string_view records = MapFileOrDie(flags.rest()[0]);
  const pid_t child = StartChild(flags.rest() + 1, in[0], out[1]);
  ::close(in[0]);
  ::close(out[1]);
  const int64_t begin = MonotonicNanoseconds();
  Source source(flags, records, in[1]);
  std::thread writer([&source] { source.Run(); });
  const std::vector<int64_t> ages = Sink().Run(out[0]);
  writer.join();
  const double seconds = static_cast<double>(MonotonicNanoseconds() - begin) / 1e9;
  const Usage usage = WaitForChild(child);
  if (ages.empty()) return 1;
  std::printf("{%s,\"gb_per_s\":%.6f,%s}\n", PercentilesToJsonMembers(ages).c_str(),
              static_cast<double>(source.bytes()) / seconds / 1e9, ToJsonMembers(usage).c_str());
  return usage.exit_code;
}

}  // namespace
}  // namespace shunt::bench

int main(int argc, char** argv) {
  return shunt::bench::Run(shunt::bench::Flags(
      argc, argv, {{"bytes-per-second", 0}, {"every", 1000}, {"milliseconds", 1000}}));
}
