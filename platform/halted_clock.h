// For a program that is stopped as a whole: between the two the monotonic clock of SystemClock
// (platform/clock.h) stands still, and afterwards it goes on from there, so that no deadline passes
// that nobody could meet.
//
// Async-signal-safe. Do not nest.
#pragma once

namespace shunt {

void HaltMonoClock();
void ResumeMonoClock();

}  // namespace shunt
