#include "protocol/spec.h"

#include <set>
#include <utility>

#include "protocol/spec_schema.h"
#include "protocol/spec_secrets.h"
#include "protocol/spec_validator.h"

namespace shunt {
namespace {

// A config that we cannot read is masked whole.
std::string MaskWhole() { return '"' + std::string(kSecretMask) + '"'; }

}  // namespace

struct ConnectorSpec::Impl {
  std::unique_ptr<std::string> json;  // the schemas are views of it
  SchemaSet schemas;
  bool strict_formats = false;
  std::set<std::string, std::less<>> secret_keys = {};
};

ConnectorSpec::ConnectorSpec(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConnectorSpec::~ConnectorSpec() = default;

absl::StatusOr<std::shared_ptr<const ConnectorSpec>> ConnectorSpec::Compile(
    std::string_view json, const SpecOptions& options) {
  auto text = std::make_unique<std::string>(json);
  absl::StatusOr<SchemaSet> schemas = SchemaSet::Compile(*text, options);
  if (!schemas.ok()) return schemas.status();
  auto impl =
      std::unique_ptr<Impl>(new Impl{std::move(text), *std::move(schemas), options.strict_formats});
  impl->secret_keys = SecretKeys(impl->schemas);
  return std::shared_ptr<const ConnectorSpec>(new ConnectorSpec(std::move(impl)));
}

absl::StatusOr<std::vector<SpecViolation>> ConnectorSpec::Validate(std::string_view config) const {
  absl::StatusOr<SpecVerdict> verdict = Examine(config);
  if (!verdict.ok()) return verdict.status();
  return std::move(verdict->violations);
}

absl::StatusOr<SpecVerdict> ConnectorSpec::Examine(std::string_view config) const {
  return ExamineConfig(impl_->schemas, impl_->strict_formats, config);
}

std::vector<std::string> ConnectorSpec::SecretValues(std::string_view config) const {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(config);
  if (!tree.ok()) return {};
  return SecretTexts(*tree, SecretsBySchema(impl_->schemas, *tree));
}

std::string ConnectorSpec::Mask(std::string_view config) const {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(config);
  if (!tree.ok()) return MaskWhole();
  return MaskSecrets(config, *tree, SecretsBySchema(impl_->schemas, *tree));
}

bool ConnectorSpec::MarksSecret(std::string_view key) const {
  return impl_->secret_keys.contains(key);
}

std::string_view ConnectorSpec::json() const { return *impl_->json; }

const std::vector<std::string>& ConnectorSpec::notes() const { return impl_->schemas.notes(); }

std::vector<std::string> SecretValuesByName(std::string_view config) {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(config);
  if (!tree.ok()) return {};
  return SecretTexts(*tree, SecretsByName(*tree));
}

std::string MaskByName(std::string_view config) {
  const absl::StatusOr<JsonTree> tree = JsonTree::Parse(config);
  if (!tree.ok()) return MaskWhole();
  return MaskSecrets(config, *tree, SecretsByName(*tree));
}

}  // namespace shunt
