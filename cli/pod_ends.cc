#include "cli/pod_ends.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "connectors/pod_connector.h"
#include "connectors/pod_files.h"
#include "platform/clock.h"
#include "platform/strings.h"

namespace shunt {
namespace {

absl::StatusOr<std::unique_ptr<Connector>> OpenPod(const SharedDirectory& directory,
                                                   bool has_input) {
  absl::StatusOr<std::unique_ptr<PodConnector>> connector =
      PodConnector::Open(directory, has_input, SystemClock());
  if (!connector.ok()) return connector.status();
  return std::unique_ptr<Connector>(*std::move(connector));
}

absl::Status CannotReplace(absl::string_view what, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("the store has a newer ", what,
                                                  ", which has to be there: ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PodDirectories>> PodDirectories::Take(
    const std::string& source, const std::string& destination) {
  absl::StatusOr<std::unique_ptr<SharedDirectory>> first = SharedDirectory::Take(source);
  if (!first.ok()) return first.status();
  absl::StatusOr<std::unique_ptr<SharedDirectory>> second = SharedDirectory::Take(destination);
  if (!second.ok()) return second.status();
  return std::unique_ptr<PodDirectories>(new PodDirectories(*std::move(first), *std::move(second)));
}

absl::Status PodDirectories::Terminate() const {
  const absl::Status source = source_->Touch(kPodTerminated);
  const absl::Status destination = destination_->Touch(kPodTerminated);
  return source.ok() ? destination : source;
}

absl::Status PodDirectories::Check() const {
  absl::Status status = PodConnector::Check(*source_, /*has_input=*/false);
  return status.ok() ? PodConnector::Check(*destination_, /*has_input=*/true) : status;
}

void PodDirectories::FillIn(SyncSettings* settings) const {
  const auto fill = [](const SharedDirectory& directory, std::string_view name,
                       std::string* setting) {
    if (setting->empty()) *setting = directory.PathOf(name);
  };
  fill(*source_, kPodConfig, &settings->source_config);
  fill(*destination_, kPodConfig, &settings->destination_config);
  fill(*source_, kPodCatalog, &settings->catalog);
  if (PodFiles(*source_).HasGivenState()) fill(*source_, kPodState, &settings->state);
}

void PodDirectories::Restore(const SyncSettings& settings, SyncInputs* inputs) const {
  if (settings.source_config == source_->PathOf(kPodConfig)) {
    inputs->source_config = PodFiles(*source_).GivenConfig(inputs->source_config);
  }
  if (settings.destination_config == destination_->PathOf(kPodConfig)) {
    inputs->destination_config = PodFiles(*destination_).GivenConfig(inputs->destination_config);
  }
}

absl::Status PodEnds::Prepare(const RunFiles& files) {
  files_ = files;
  return absl::OkStatus();
}

absl::Status PodEnds::PutConfig(const SharedDirectory& directory, const std::string& config) {
  const absl::StatusOr<bool> written = PodFiles(directory).WriteConfig(config);
  if (!written.ok()) return CannotReplace("config", written.status());
  if (*written) {
    console_.Say(absl::StrCat("the store's newer config is now in ", directory.PathOf(kPodConfig)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Connector>> PodEnds::StartDestination() {
  absl::Status status =
      PutConfig(directories_.destination(), std::exchange(files_.destination_config, {}));
  if (!status.ok()) return status;
  return OpenPod(directories_.destination(), /*has_input=*/true);
}

absl::StatusOr<std::unique_ptr<Connector>> PodEnds::StartSource() {
  const SharedDirectory& directory = directories_.source();
  const RunFiles files = std::exchange(files_, {});
  if (absl::Status status = PutConfig(directory, files.source_config); !status.ok()) return status;
  const absl::StatusOr<bool> written = PodFiles(directory).WriteState(files.state);
  if (!written.ok()) return CannotReplace("checkpoint", written.status());
  if (*written) {
    console_.Say(absl::StrCat(files.state.empty() ? "there is no checkpoint any more, so gone is "
                                                  : "the store's checkpoint is now in ",
                              directory.PathOf(kPodState)));
  }
  return OpenPod(directory, /*has_input=*/false);
}

}  // namespace shunt
