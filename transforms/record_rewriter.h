// RecordRewriter: what becomes of runs of RECORD lines when a connection renames streams, selects
// or maps fields, or bounds records. Bytes that no rule touches are the source's.
//
// Per line, in this order: mappers of its stream (selection first), names, the bound on its size.
// Lines whose names stand in front of their data and look like those of an earlier line are copied
// with the names replaced and are not read again; all others are read once with a JsonCursor.
//
// Errors: a line that cannot be mapped is never forwarded as it is (nothing fails open): it is
// lost, counted, and its first reason is kept; who calls taints the run (G6). Row filters are no
// loss. Threads: one instance per thread; what RecordRules refers to is immutable and outlives it.
// Bounds: the members of one row, kHeadsMax names, and what the caller's `out` takes: see
// RecordRules::GrowthMax.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/line_classifier.h"
#include "protocol/stream_index.h"
#include "transforms/line_edit.h"
#include "transforms/name_mapping.h"
#include "transforms/record_line.h"
#include "transforms/row.h"
#include "transforms/schema_check.h"
#include "transforms/stream_mappers.h"

namespace shunt {

enum class OnOversizeRecord : uint8_t {
  kTaint,  // not forwarded: no later state becomes durable, exit 8
  kFail,   // likewise, and the run is stopped
  kNull,   // its largest fields become null, with an entry in meta.changes; if that does not help:
           // kTaint
};

// What is done to the records of a run. Immutable.
struct RecordRules {
  NameMapping names;
  std::vector<StreamMappers> mappers;  // one per stream of the catalog; or empty: none
  uint64_t record_bytes_max = 0;       // of a forwarded line, newline included; 0: any
  OnOversizeRecord on_oversize = OnOversizeRecord::kTaint;

  bool maps_fields() const { return !mappers.empty(); }
  bool filters_rows() const;
  // How much longer a record can become.
  RecordGrowth GrowthMax(const ConfiguredCatalog& catalog) const;
  bool idle() const { return names.identity() && !maps_fields() && record_bytes_max == 0; }
};

class RecordRewriter {
 public:
  struct Result {
    std::size_t consumed = 0;           // bytes of the run that was looked at
    std::size_t out_bytes = 0;          // what became of them: so much of `out`
    bool lacks_newline = false;         // its last line has no LF
    std::vector<StreamDelta> filtered;  // left out by a row filter, per stream
    std::vector<StreamDelta> lost;      // not forwarded although they should have been, per stream
    uint32_t first_lost_line = 0;       // of the run, from 0; when `lost` is not empty
    std::string_view why_lost;
    uint64_t records_nulled = 0;  // of which fields were nulled to fit
    void Clear();
  };

  // `check` may be null. All are the caller's.
  RecordRewriter(const RecordRules& rules, const ConfiguredCatalog& catalog, SchemaCheck* check);

  // Puts to the beginning of `out`, whatever its size and content are, what becomes of `run` (whole
  // RECORD lines of the catalog's streams; the last may lack its LF), up to the line with which
  // that would be longer than `bytes_max`. REQUIRES: kLinePadding readable bytes follow the run.
  void Rewrite(std::string_view run, std::size_t bytes_max, std::string* out, Result* result);

 private:
  enum class Fate : uint8_t { kForwarded, kFiltered, kLost };
  // The beginning of lines of one stream, up to behind its names, and what it becomes.
  struct Head {
    std::string bytes, mapped;
    uint32_t stream = 0;
    bool scan = false;  // a namespace may stand behind data
  };
  static constexpr std::size_t kHeadsMax = 8;

  // A text that is made from left to right, in a string that is longer.
  class Output;
  const char* CopyByHead(std::string_view run, Output* out);
  Fate RewriteLine(std::string_view line, std::string* out);
  Fate Fit(std::string_view line, std::size_t begin, std::string* out);
  bool ReadRow();
  bool NullLargest(std::size_t excess);
  Fate Lose(std::string_view why);
  void Assemble(std::string_view line, std::string* out);
  void EditMeta(std::string_view line);
  void LearnHead(std::string_view line);

  const RecordRules& rules_;
  const ConfiguredCatalog& catalog_;
  const StreamIndex index_;
  SchemaCheck* const check_;

  std::array<Head, kHeadsMax> heads_;
  std::size_t next_head_ = 0;  // that is given up for a new one

  // Of the line that is being read.
  RecordLine parts_;
  StreamDescriptor stream_;
  uint32_t stream_number_ = 0;
  Row row_;
  bool row_read_ = false;
  LineEdit edit_;
  std::string line_;
  std::string_view why_lost_;
  bool nulled_ = false;
};

}  // namespace shunt
