// UnknownStreams: what came of streams that the catalog lacks. Their records are dropped, and so
// are their STREAM states: a later run that has the stream would resume behind rows that nobody
// has. A GLOBAL or LEGACY state is one unit and goes on, whatever streams it names.
//
// Threads: one. Bounds: kStreamsMax names of kNameBytesMax together, what is beyond is counted
// together; all searches for a name that was meant together take kSearchStepsMax steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "protocol/catalog.h"
#include "protocol/message.h"

namespace shunt {

class UnknownStreams {
 public:
  static constexpr std::size_t kStreamsMax = 1000;
  static constexpr std::size_t kNameBytesMax = std::size_t{128} * 1024;
  static constexpr uint64_t kSearchStepsMax = 20'000'000;

  struct Counts {
    uint64_t records = 0, states = 0;
  };

  // `catalog` outlives this.
  explicit UnknownStreams(const ConfiguredCatalog& catalog) : catalog_(catalog) {}

  // What is to be said of a stream that is seen for the first time: "stream users is not in the
  // catalog (did you mean shop.users?); its records and states are dropped". "" for later ones.
  std::string AddRecord(const StreamDescriptor& stream) { return Add(stream, {.records = 1}); }
  std::string AddState(const StreamDescriptor& stream) { return Add(stream, {.states = 1}); }

  const std::map<StreamDescriptor, Counts>& streams() const { return streams_; }
  const Counts& others() const { return others_; }  // of streams that are not among them
  const Counts& total() const { return total_; }
  // "12 records and 1 state of streams that the catalog lacks were dropped: users (did you ..?)";
  // "" when there were none.
  std::string Summary() const;

 private:
  std::string Add(const StreamDescriptor& stream, const Counts& counts);
  // " (did you mean shop.users?)", or "".
  std::string DidYouMeanStream(const StreamDescriptor& stream);

  const ConfiguredCatalog& catalog_;
  std::map<StreamDescriptor, Counts> streams_;
  std::size_t name_bytes_ = 0;
  Counts others_, total_;
  bool others_warned_ = false;
  uint64_t search_steps_ = 0;
  std::string named_;  // for the summary: the first few, with what was meant
  std::size_t named_count_ = 0;
};

}  // namespace shunt
