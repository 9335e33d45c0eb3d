// Instead of Masker::MaskLine in //tests/secrets:shunt_unmasked: nothing is masked. A test that
// looks for secrets proves with it that it would find them.
#include "secrets/masker.h"

namespace shunt {

std::string Masker::MaskLine(std::string_view line) const { return std::string(line); }

}  // namespace shunt
