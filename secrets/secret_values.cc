#include "secrets/secret_values.h"

namespace shunt {

std::vector<std::string> SecretValuesOf(std::string_view config, const ConnectorSpec* spec) {
  return spec != nullptr ? spec->SecretValues(config) : SecretValuesByName(config);
}

std::string MaskConfig(std::string_view config, const ConnectorSpec* spec) {
  return spec != nullptr ? spec->Mask(config) : MaskByName(config);
}

}  // namespace shunt
