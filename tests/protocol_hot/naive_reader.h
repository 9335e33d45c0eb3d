// A second, slow reading of the rules of protocol/envelope.h, written without looking at speed and
// sharing no code with the classifier but the data types and ParseState. The oracle of the
// differential tests.
#pragma once

#include <string_view>

#include "protocol/line_classifier.h"

namespace shunt::testing {

// What LineClassifier::Classify says of a block from a source.
ClassifiedBlock NaiveClassify(std::string_view block, const ConfiguredCatalog& catalog,
                              Validation validation);

}  // namespace shunt::testing
