#include "bench/record_lines.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

namespace shunt::bench {
namespace {

constexpr uint64_t kSeed = 17907;
constexpr std::string_view kProse =
    "The parcel was left with the neighbour because nobody answered the door. Please call back "
    "after five, the line is busy in the morning. Customer asked for a refund of the shipping fee "
    "and got a voucher. ";

// Writes the members of one row.
class Row {
 public:
  Row(std::string* out, std::mt19937_64* random) : out_(*out), random_(*random) {}

  // Members of `corpus` until `bytes` are there, give or take; the last is a text of what is
  // missing.
  void Fill(std::size_t bytes, Corpus corpus) {
    const std::size_t begin = out_.size();
    const std::size_t longest = corpus == Corpus::kDense ? 70 : 110;
    out_ += "{\"id\":" + std::to_string(1'000'000 + Below(9'000'000));
    for (uint64_t member = 0; out_.size() - begin + longest < bytes; ++member) {
      if (corpus == Corpus::kDense) {
        AddDense(member);
      } else {
        AddColumn(member, bytes - (out_.size() - begin));
      }
    }
    const std::size_t used = out_.size() - begin;
    if (used + 13 <= bytes) AddText("remark", bytes - used - 13);
    out_ += '}';
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Digits(uint64_t limit) { return std::to_string(Below(limit)); }

  std::string TwoDigits(uint64_t limit) {
    const std::string digits = Digits(limit);
    return digits.size() < 2 ? "0" + digits : digits;
  }
  std::string Timestamp() {
    return "\"2024-1" + Digits(3) + "-1" + Digits(10) + "T" + TwoDigits(24) + ":" + TwoDigits(60) +
           ":" + TwoDigits(60) + ".000+00:00\"";
  }
  std::string Name() {
    static constexpr std::array kNames = {"Irene Kaya",   "James Hopper", "Grace Okafor",
                                          "Oscar Nguyen", "Ada Fischer",  "Priya Abbas"};
    return Below(10) == 0 ? "\"Chlo\xc3\xa9 Dvo\xc5\x99\xc3\xa1k\""
                          : "\"" + std::string(kNames[Below(kNames.size())]) + "\"";
  }

  void AddMember(std::string_view key, uint64_t repeat, const std::string& value) {
    out_.append(",\"").append(key);
    if (repeat > 0) out_ += "_" + std::to_string(repeat + 1);
    out_.append("\":").append(value);
  }

  void AddText(std::string_view key, std::size_t bytes) {
    out_.append(",\"").append(key).append("\":\"");
    for (std::size_t at = Below(kProse.size()); bytes > 0; at = 0) {
      const std::string_view part = kProse.substr(at, bytes);
      out_ += part;
      bytes -= part.size();
    }
    out_ += '"';
  }

  // One column of a CRM's account, in their order, again and again.
  void AddColumn(uint64_t member, std::size_t room) {
    const uint64_t repeat = member / 12;
    switch (member % 12) {
      case 0:
        return AddMember("created_at", repeat, Timestamp());
      case 1:
        return AddMember("full_name", repeat, Name());
      case 2:
        return AddMember("email_address", repeat, "\"user." + Digits(1'000'000) + "@example.com\"");
      case 3:
        return AddMember("is_active", repeat, Below(5) != 0 ? "true" : "false");
      case 4:
        return AddMember("billing_street", repeat, "\"" + Digits(900) + " Lovelace Road\"");
      case 5:
        return AddMember("billing_city", repeat, Below(2) != 0 ? "\"Edinburgh\"" : "\"Dakar\"");
      case 6:
        return AddMember("parent_account_id", repeat,
                         Below(3) != 0 ? "null" : "\"0015C" + Digits(1'000'000'000) + "\"");
      case 7:
        return AddMember("annual_revenue", repeat, Digits(10'000'000) + "." + TwoDigits(100));
      case 8:
        return AddMember("renewal_status", repeat,
                         Below(2) != 0 ? "\"Closed Won\"" : "\"on_hold\"");
      case 9:
        return AddMember("employees", repeat, Digits(5000));
      case 10:
        return AddMember("last_modified_at", repeat, Timestamp());
      default:
        return AddText("description_" + std::to_string(repeat + 1),
                       std::min<std::size_t>(40 + Below(360), room - 60));
    }
  }

  void AddDense(uint64_t member) {
    const uint64_t repeat = member / 9;
    switch (member % 9) {
      case 0:
        return AddMember("email", repeat, "\"user" + Digits(100'000) + "@example.com\"");
      case 1:
        return AddMember("amount", repeat, Digits(10'000) + "." + Digits(100));
      case 2:
        return AddMember("updated_at", repeat,
                         "\"2024-03-" + Digits(28) + "T12:34:56." + Digits(1'000'000) + "Z\"");
      case 3:
        return AddMember("active", repeat, Below(2) != 0 ? "true" : "false");
      case 4:
        return AddMember("country", repeat, Below(2) != 0 ? "\"DE\"" : "\"United States\"");
      case 5:
        return AddMember("quantity", repeat, Digits(1000));
      case 6:
        return AddMember("parent_id", repeat, Below(3) != 0 ? "null" : Digits(1'000'000));
      case 7:
        return AddMember("full_name", repeat, "\"Jos\xc3\xa9 Fern\xc3\xa1ndez\"");
      default:
        return AddMember("tags", repeat, "[\"a\",\"b\"," + Digits(10) + "]");
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

std::string MakeRecordLines(const LineOptions& options) {
  std::mt19937_64 random(kSeed);
  std::string lines;
  lines.reserve(options.total_bytes + options.line_bytes);
  while (lines.empty() || lines.size() + options.line_bytes <= options.total_bytes) {
    const std::size_t begin = lines.size();
    lines += R"({"type":"RECORD","record":{"namespace":"public","stream":"stream_)";
    lines += std::to_string(random() % options.streams) + R"(","data":)";
    const std::string tail =
        R"(,"emitted_at":17)" + std::to_string(10'000'000'000 + random() % 9'000'000'000) + "}}\n";
    const std::size_t envelope = lines.size() - begin + tail.size();
    Row(&lines, &random)
        .Fill(std::max<std::size_t>(options.line_bytes, envelope + 20) - envelope, options.corpus);
    lines += tail;
  }
  return lines;
}

}  // namespace shunt::bench
