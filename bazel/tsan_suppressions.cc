// Races that TSan reports in installed libraries, which are not instrumented: TSan does not see the
// synchronisation inside of absl::Mutex. Nothing of our own belongs here.
extern "C" const char* __tsan_default_suppressions() {
  return "race:absl::debian*::Mutex\n"
         "race:absl::debian*::CondVar\n"
         "race:absl::debian*::synchronization_internal\n"
         "mutex:absl::debian*::Mutex\n";
}
