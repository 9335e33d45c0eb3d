#include "bench/record_lines.h"

#include <random>

namespace shunt::bench {
namespace {

class Row {
 public:
  Row(std::string* out, std::mt19937_64* random) : out_(*out), random_(*random) {}

  // Fields of the kinds that rows of databases and APIs have, until `bytes` are there, give or take
  // one field; the last field is a string of what is missing.
  void Fill(std::size_t bytes, int fields_max) {
    const std::size_t begin = out_.size();
    out_ += "{\"id\":" + std::to_string(1'000'000 + Below(9'000'000));
    for (int field = 0; field < fields_max && out_.size() - begin + 70 < bytes; ++field) {
      AddField(field);
    }
    out_ += ",\"note\":\"";
    while (out_.size() - begin + 2 < bytes) out_ += "the quick brown fox "[Below(20)];
    out_ += "\"}";
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Digits(uint64_t limit) { return std::to_string(Below(limit)); }

  void AddField(int field) {
    static constexpr const char* kNames[] = {"email",     "amount",    "updated_at",
                                             "active",    "country",   "quantity",
                                             "parent_id", "full_name", "tags"};
    const int kind = field % 9;
    out_ += ",\"";
    out_ += kNames[kind];
    if (field >= 9) out_ += "_" + std::to_string(field / 9);
    out_ += "\":";
    switch (kind) {
      case 0:
        out_ += "\"user" + Digits(100'000) + "@example.com\"";
        break;
      case 1:
        out_ += Digits(10'000) + "." + Digits(100);
        break;
      case 2:
        out_ += "\"2024-03-" + Digits(28) + "T12:34:56." + Digits(1'000'000) + "Z\"";
        break;
      case 3:
        out_ += Below(2) != 0 ? "true" : "false";
        break;
      case 4:
        out_ += Below(2) != 0 ? "\"DE\"" : "\"United States\"";
        break;
      case 5:
        out_ += Digits(1000);
        break;
      case 6:
        out_ += Below(3) != 0 ? "null" : Digits(1'000'000);
        break;
      case 7:
        out_ += "\"Jos\xc3\xa9 Fern\xc3\xa1ndez\"";
        break;
      default:
        out_ += "[\"a\",\"b\"," + Digits(10) + "]";
    }
  }

  std::string& out_;
  std::mt19937_64& random_;
};

}  // namespace

ConfiguredCatalog MakeCatalog(uint32_t streams) {
  ConfiguredCatalog catalog;
  for (uint32_t i = 0; i < streams; ++i) {
    catalog.streams.push_back({{"stream_" + std::to_string(i), "public"}, false});
  }
  return catalog;
}

std::string MakeRecordLines(std::size_t line_bytes, std::size_t total_bytes, uint32_t streams,
                            bool interleaved, uint64_t seed, int fields_max) {
  std::mt19937_64 random(seed);
  std::string lines;
  lines.reserve(total_bytes + line_bytes);
  for (uint32_t i = 0; lines.empty() || lines.size() + line_bytes <= total_bytes; ++i) {
    const uint32_t stream = interleaved ? static_cast<uint32_t>(random() % streams) : 0;
    const std::size_t begin = lines.size();
    lines += R"({"type":"RECORD","record":{"namespace":"public","stream":"stream_)";
    lines += std::to_string(stream) + R"(","data":)";
    const std::size_t envelope = lines.size() - begin + 30;
    Row(&lines, &random).Fill(line_bytes > envelope + 20 ? line_bytes - envelope : 20, fields_max);
    lines +=
        R"(,"emitted_at":17)" + std::to_string(10'000'000'000 + random() % 9'000'000'000) + "}}\n";
  }
  return lines;
}

}  // namespace shunt::bench
