#include "cli/builtin/row_generator.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::array<std::string_view, 8> kStreamNames = {
    "customers", "orders", "events", "invoices", "products", "payments", "sessions", "tickets"};

constexpr std::array<std::string_view, 16> kFirstNames = {
    "Ada",  "Bruno",  "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiro",
    "Inês", "Jürgen", "Kofi",  "Lucía",  "Minh", "Noor",  "Olga",  "Priya"};
constexpr std::array<std::string_view, 16> kLastNames = {
    "Abbas", "Brown",  "Costa", "Dvořák",   "Eriksen", "Fischer", "García", "Hopper",
    "Ito",   "Jansen", "Kaya",  "Lovelace", "Mensah",  "Nguyen",  "Okafor", "Popov"};
constexpr std::array<std::string_view, 16> kCities = {
    "Accra", "Berlin",  "Córdoba", "Dakar",  "Esbjerg", "Fukuoka", "Genève", "Hà Nội",
    "İzmir", "Jakarta", "Kraków",  "London", "Málaga",  "Nairobi", "Oslo",   "São Paulo"};
constexpr std::array<std::string_view, 8> kStates = {"new",     "active",   "paused",  "trial",
                                                     "overdue", "archived", "blocked", "vip"};
constexpr std::array<std::string_view, 4> kCurrencies = {"EUR", "USD", "GBP", "JPY"};

// Text for notes; ASCII, so that it may be cut anywhere.
constexpr std::string_view kProse =
    "The parcel was left with the neighbour because nobody answered the door. Please call back "
    "after "
    "five, the line is busy in the morning. Second reminder sent, no reply yet. Customer asked for "
    "a "
    "refund of the shipping fee and got a voucher. Moved to the quarterly plan on request. Address "
    "was "
    "corrected by support, see the attached form. Payment arrived twice; one of them was "
    "returned. ";

constexpr int64_t kFirstEmittedAtMs = 1'700'000'000'000;
constexpr std::size_t kRichLineBytes = 400;  // below this, the rich shape does not fit

// SplitMix64: a good 64-bit mix of a counter, so rows can be made in any order.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t HashName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a: the same on every machine
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

template <std::size_t N>
std::string_view Pick(const std::array<std::string_view, N>& from, uint64_t bits) {
  return from[bits % N];
}

void AppendNumber(uint64_t number, std::string* out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out->append(digits, static_cast<std::size_t>(end - digits));
}

void AppendTwoDigits(uint64_t number, std::string* out) {
  out->push_back(static_cast<char>('0' + number / 10 % 10));
  out->push_back(static_cast<char>('0' + number % 10));
}

void AppendAmount(uint64_t cents, std::string* out) {
  AppendNumber(cents / 100, out);
  out->push_back('.');
  AppendTwoDigits(cents % 100, out);
}

void AppendProse(std::size_t bytes, uint64_t bits, std::string* out) {
  std::size_t at = bits % kProse.size();
  while (bytes > 0) {
    const std::size_t part = std::min(bytes, kProse.size() - at);
    out->append(kProse.substr(at, part));
    bytes -= part;
    at = 0;
  }
}

// `"},"emitted_at":N}}` and the newline; everything behind the note's text.
void AppendTail(uint64_t row, std::string* out) {
  out->append("\"},\"emitted_at\":");
  AppendNumber(static_cast<uint64_t>(kFirstEmittedAtMs) + row, out);
  out->append("}}\n");
}

// AppendTail's length: the number has 13 digits for the first 8e12 rows.
constexpr std::size_t kTailBytes = 16 + 13 + 3;

void PadAndFinish(std::size_t begin, std::size_t line_bytes, uint64_t row, uint64_t bits,
                  std::string* out) {
  const std::size_t used = out->size() - begin + kTailBytes;
  if (used < line_bytes) AppendProse(line_bytes - used, bits, out);
  AppendTail(row, out);
}

}  // namespace

RowGenerator::RowGenerator(const RowOptions& options, std::string_view stream)
    : seed_(Mix(options.seed ^ HashName(stream))),
      record_bytes_(static_cast<std::size_t>(options.record_bytes)),
      prefix_(absl::StrCat(R"({"type":"RECORD","record":{"stream":")", A(stream),
                           R"(","data":{"id":)")) {}

void RowGenerator::AppendLine(uint64_t row, std::string* out) const {
  if (record_bytes_ >= kRichLineBytes) {
    AppendRich(row, out);
  } else {
    AppendCompact(row, out);
  }
}

void RowGenerator::AppendRich(uint64_t row, std::string* out) const {
  const std::size_t begin = out->size();
  const uint64_t bits = Mix(seed_ ^ row);
  const uint64_t more = Mix(bits);
  out->append(prefix_);
  AppendNumber(row + 1, out);
  out->append(",\"name\":\"");
  out->append(Pick(kFirstNames, bits)).append(" ").append(Pick(kLastNames, bits >> 8));
  out->append("\",\"email\":\"user");
  AppendNumber(row + 1, out);
  out->append("@example.org\",\"created_at\":\"2023-");
  AppendTwoDigits((bits >> 16) % 12 + 1, out);
  out->push_back('-');
  AppendTwoDigits((bits >> 20) % 28 + 1, out);
  out->push_back('T');
  AppendTwoDigits((bits >> 26) % 24, out);
  out->push_back(':');
  AppendTwoDigits((bits >> 32) % 60, out);
  out->append(":00Z\",\"amount\":");
  AppendAmount((bits >> 38) % 10'000'000, out);
  out->append(",\"currency\":\"").append(Pick(kCurrencies, more));
  out->append("\",\"active\":").append((more & 16) != 0 ? "true" : "false");
  out->append(",\"parent_id\":");
  if ((more & 32) != 0 && row > 0) {
    AppendNumber((more >> 8) % row + 1, out);
  } else {
    out->append("null");
  }
  out->append(",\"tags\":[\"").append(Pick(kStates, more >> 40)).append("\",\"");
  out->append(Pick(kStates, more >> 43)).append("\"],\"address\":{\"city\":\"");
  out->append(Pick(kCities, more >> 46)).append("\",\"zip\":\"");
  AppendNumber(10'000 + (more >> 50) % 9'000, out);
  out->append("\"},\"note\":\"");
  PadAndFinish(begin, record_bytes_, row, bits, out);
}

void RowGenerator::AppendCompact(uint64_t row, std::string* out) const {
  const std::size_t begin = out->size();
  const uint64_t bits = Mix(seed_ ^ row);
  out->append(prefix_);
  AppendNumber(row + 1, out);
  out->append(",\"amount\":");
  AppendAmount((bits >> 38) % 10'000'000, out);
  out->append(",\"note\":\"");
  PadAndFinish(begin, record_bytes_, row, bits, out);
}

std::vector<std::string> StreamNames(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    names.push_back(at < kStreamNames.size() ? std::string(kStreamNames[at])
                                             : absl::StrCat("stream_", i + 1));
  }
  return names;
}

std::string_view RowSchemaJson() {
  return R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},)"
         R"("name":{"type":"string"},"email":{"type":"string"},)"
         R"("created_at":{"type":"string","format":"date-time"},"amount":{"type":"number"},)"
         R"("currency":{"type":"string"},"active":{"type":"boolean"},)"
         R"("parent_id":{"type":["integer","null"]},)"
         R"("tags":{"type":"array","items":{"type":"string"}},)"
         R"("address":{"type":"object","properties":{"city":{"type":"string"},)"
         R"("zip":{"type":"string"}}},"note":{"type":"string"}}})";
}

}  // namespace shunt
