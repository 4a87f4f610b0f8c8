// The program's version, as CMakeLists.txt says it.
#pragma once

namespace keyledger {

#ifdef KEYLEDGER_VERSION
inline constexpr const char* kVersion = KEYLEDGER_VERSION;
#else
inline constexpr const char* kVersion = "unversioned";
#endif

}  // namespace keyledger
