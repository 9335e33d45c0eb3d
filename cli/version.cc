#include "cli/command_line.h"

namespace shunt {

#ifdef __clang__
#define SHUNT_COMPILER __VERSION__
#else
#define SHUNT_COMPILER "GCC " __VERSION__
#endif

const char kVersionText[] = "shunt 0.1.0 (" SHUNT_COMPILER ")";

}  // namespace shunt
