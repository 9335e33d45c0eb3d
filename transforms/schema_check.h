// SchemaCheck: whether records conform to the json_schema of their stream. It looks and counts: a
// record is neither changed nor held up by what it finds (RecordSchemaValidator of the platform).
//
//   kAll       every record
//   kSampled   the first 10 records of each stream, then one in 1024
//
// A stream is left alone after 10 records with violations (or 10 that could not be judged); what
// was found until then says it. The schemas are judged as draft-07 (or 04 or 06, when their $schema
// says so); Airbyte's own keywords mean nothing; `format` is not checked.
//
// Threads: one at a time. Errors: none: a schema that cannot be used is a note. Bounds: records
// longer than record_bytes_max are not looked at; streams whose schemas would bring all of them
// above schema_bytes_max are not checked; a schema is compiled with its stream's first record and
// given back when the stream is left alone; at most kViolationsMax violations are kept per stream.
// Paths, keywords and what is missing or expected are kept, values never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spec.h"

namespace shunt {

enum class SchemaValidation : uint8_t { kOff, kSampled, kAll };

struct SchemaCheckOptions {
  SchemaValidation validation = SchemaValidation::kOff;
  std::size_t record_bytes_max = std::size_t{64} << 10;
  std::size_t schema_bytes_max = std::size_t{256} << 10;
};

class SchemaCheck {
 public:
  // What it takes at most: compiled, a schema is twenty times its text; a record that is looked at
  // is a tree of 48 bytes per value, and a value has two bytes at least.
  static constexpr std::size_t MemoryBytesMax(const SchemaCheckOptions& options) {
    if (options.validation == SchemaValidation::kOff) return 0;
    return 20 * options.schema_bytes_max + 3 * 48 * options.record_bytes_max / 2;
  }

  static constexpr uint64_t kFirstRecords = 10;
  static constexpr uint64_t kSampleEvery = 1024;
  static constexpr uint64_t kBadRecordsMax = 10;
  static constexpr std::size_t kViolationsMax = 5;

  struct Violation {
    std::string path;      // JSON Pointer into data
    std::string keyword;   // "type", "required", ...
    std::string detail;    // "expected integer", "missing key id"
    uint64_t records = 0;  // in so many records that were checked
  };

  struct Findings {
    uint64_t records = 0;  // that came
    uint64_t checked = 0;
    uint64_t bad = 0;                   // with at least one violation
    uint64_t too_long = 0;              // would have been checked
    uint64_t undecided = 0;             // too many steps, or no JSON
    bool stopped = false;               // no record is checked any more
    std::vector<Violation> violations;  // the first different ones
    std::string note;                   // why the stream is not checked, or not wholly
  };

  // `catalog_json` is a configured catalog that ParseConfiguredCatalog takes; it is not kept.
  SchemaCheck(std::string_view catalog_json, const SchemaCheckOptions& options);
  ~SchemaCheck();

  // `stream`: its index in the catalog; `data`: the record's data, as the source wrote it.
  void Check(uint32_t stream, std::string_view data) {
    Findings& findings = streams_[stream].findings;
    const uint64_t number = findings.records++;
    if (findings.stopped || !Wanted(number)) return;
    CheckNow(stream, data);
  }

  // Whether the stream's next record need not be checked; then it has come and gone.
  bool SkipNext(uint32_t stream) {
    Findings& findings = streams_[stream].findings;
    if (!findings.stopped && Wanted(findings.records)) return false;
    ++findings.records;
    return true;
  }

  std::size_t streams() const { return streams_.size(); }
  const Findings& findings(uint32_t stream) const { return streams_[stream].findings; }

 private:
  struct Stream {
    std::string schema;  // until it is compiled
    std::shared_ptr<const ConnectorSpec> compiled;
    Findings findings;
  };
  bool Wanted(uint64_t number) const {
    if (options_.validation != SchemaValidation::kSampled) {
      return options_.validation == SchemaValidation::kAll;
    }
    return number < kFirstRecords || number % kSampleEvery == 0;
  }
  void CheckNow(uint32_t stream, std::string_view data);
  static bool Compile(Stream* stream);
  static void Stop(Stream* stream);
  static void Note(const std::vector<SpecViolation>& found, Findings* findings);

  SchemaCheckOptions options_;
  std::vector<Stream> streams_;
};

}  // namespace shunt
