// One message at a time through a command: writes a RECORD, waits until it has come out, rests a
// little.
//
//   ping [--count 5000] [--rest-us 100] [--line-bytes 450] COMMAND [ARGUMENT...]
//
// Prints one line of JSON: percentiles of the times from the write to the last byte read, how long
// the first message took from before the command was started, and what the command used.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "bench/peers/child.h"
#include "bench/peers/flags.h"
#include "bench/peers/percentiles.h"

namespace shunt::bench {
namespace {

constexpr unsigned kDeadlineSeconds = 120;
constexpr uint64_t kSeed = 17907;

std::string Line(int64_t number, std::size_t bytes) {
  std::string line =
      R"({"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"id":)" +
      std::to_string(number) + R"(,"name":"Ada Hopper","active":true,"remark":")";
  const std::string tail = R"("},"emitted_at":1700000000000}})"
                           "\n";
  if (line.size() + tail.size() < bytes) line.append(bytes - line.size() - tail.size(), 'x');
  return line + tail;
}

// False unless exactly the line came.
bool ReadBack(int fd, const std::string& line, std::vector<char>* buffer) {
  std::size_t got = 0;
  buffer->resize(line.size() + 1);
  while (got < line.size()) {
    const ssize_t more = ::read(fd, buffer->data() + got, buffer->size() - got);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return false;
    got += static_cast<std::size_t>(more);
  }
  return std::string_view(buffer->data(), got) == line;
}

int Run(const Flags& flags) {
  if (flags.rest()[0] == nullptr) return 2;
  ::alarm(kDeadlineSeconds);  // the command dies with us
  std::signal(SIGPIPE, SIG_IGN);
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) return 1;
  std::mt19937_64 random(kSeed);
  std::vector<int64_t> times;
  std::vector<char> buffer;
  const int64_t begin = MonotonicNanoseconds();
  int64_t first = 0;
  const pid_t child = StartChild(flags.rest(), in[0], out[1]);
  ::close(in[0]);
  ::close(out[1]);
  for (int64_t number = 0; number <= flags["count"]; ++number) {
    const std::string line = Line(number, static_cast<std::size_t>(flags["line-bytes"]));
    const int64_t sent = MonotonicNanoseconds();
    if (!WriteAll(in[1], line) || !ReadBack(out[0], line, &buffer)) {
      std::fprintf(stderr, "ping: message %lld did not come back\n",
                   static_cast<long long>(number));
      return 1;
    }
    const int64_t came = MonotonicNanoseconds();
    // The first one waits for the command to start.
    if (number == 0) first = came - begin;
    if (number > 0 || flags["count"] == 0) times.push_back(came - sent);
    if (flags["rest-us"] == 0 || number == flags["count"]) continue;
    const int64_t rest =
        static_cast<int64_t>(random() % static_cast<uint64_t>(2 * flags["rest-us"]));
    const timespec pause{0, rest * 1000};
    ::nanosleep(&pause, nullptr);
  }
  ::close(in[1]);
  const Usage usage = WaitForChild(child);
  std::printf("{%s,\"first_ms\":%.3f,%s}\n", PercentilesToJsonMembers(times).c_str(),
              static_cast<double>(first) / 1e6, ToJsonMembers(usage).c_str());
  return usage.exit_code;
}

}  // namespace
}  // namespace shunt::bench

int main(int argc, char** argv) {
  return shunt::bench::Run(
      shunt::bench::Flags(argc, argv, {{"count", 5000}, {"rest-us", 100}, {"line-bytes", 450}}));
}
