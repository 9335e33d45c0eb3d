#include "protocol/structural_index.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "platform/check.h"

namespace shunt {

struct StructuralIndex::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  // The portable kernel takes whatever follows a backslash for part of the string, an LF too.
  bool escapes_newlines = StructuralIndex::kernel_name() == "fallback";
};

StructuralIndex::StructuralIndex(std::size_t bytes_max) : impl_(std::make_unique<Impl>()) {
  // simdjson allocates nothing for less than 64 bytes; its depth is not ours, we never run stage 2.
  const simdjson::error_code error =
      simdjson::get_active_implementation()->create_dom_parser_implementation(
          std::max<std::size_t>(bytes_max, 64), 1, impl_->parser);
  SHUNT_CHECK(error == simdjson::SUCCESS);
}

StructuralIndex::~StructuralIndex() = default;

bool StructuralIndex::Build(std::string_view bytes) {
  auto& parser = *impl_->parser;
  if (impl_->escapes_newlines && bytes.find("\\\n") != std::string_view::npos) return false;
  // EMPTY with no index at all means blanks only.
  parser.n_structural_indexes = 0;
  const simdjson::error_code error =
      bytes.empty() ? simdjson::EMPTY
                    : parser.stage1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                    simdjson::stage1_mode::regular);
  SHUNT_CHECK(error != simdjson::CAPACITY);
  if (error != simdjson::SUCCESS && error != simdjson::EMPTY) return false;
  // The array is allocated with more than eight entries to spare.
  std::fill_n(parser.structural_indexes.get() + parser.n_structural_indexes, 4,
              static_cast<uint32_t>(bytes.size()));
  return true;
}

const uint32_t* StructuralIndex::begin() const { return impl_->parser->structural_indexes.get(); }

const uint32_t* StructuralIndex::end() const {
  return begin() + impl_->parser->n_structural_indexes;
}

std::string StructuralIndex::kernel_name() {
  const simdjson::implementation& active = *simdjson::get_active_implementation();
  return active.name();
}

}  // namespace shunt
