// Races that TSan reports in installed libraries, which are not instrumented. Nothing of our own
// belongs here. ('^' anchors the name; without it a function of ours that takes a Status would
// match.)
//
// absl::Mutex cannot be helped from here, its false reports name only our frames: use std::mutex.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is how TSan finds it.
extern "C" const char* __tsan_default_suppressions() {
  // The reference count of a Status that two threads have copies of goes down inside the archive.
  // (The inlined half of it appears under its bare name.)
  return "race:^absl::debian3::Status::Unref\n"
         "race:^Unref$\n";
}
