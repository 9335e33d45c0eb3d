// A source that writes a file in pieces of a given size, at a given speed.
//
//   feeder [--write-bytes 4096] [--bytes-per-second 0] FILE

#include <algorithm>

#include "bench/peers/child.h"
#include "bench/peers/flags.h"
#include "bench/peers/mapped_file.h"
#include "bench/peers/pace.h"

int main(int argc, char** argv) {
  const shunt::bench::Flags flags(argc, argv, {{"write-bytes", 4096}, {"bytes-per-second", 0}});
  if (flags.rest()[0] == nullptr) return 2;
  std::string_view bytes = shunt::bench::MapFileOrDie(flags.rest()[0]);
  shunt::bench::Pace pace(flags["bytes-per-second"]);
  const auto piece_bytes = static_cast<std::size_t>(flags["write-bytes"]);
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece_bytes, bytes.size());
    if (!shunt::bench::WriteAll(STDOUT_FILENO, bytes.substr(0, size))) return 1;
    bytes.remove_prefix(size);
    pace.Spend(size);
  }
}
