// The whole of a small file, for tests. Empty if it is not there.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace keyledger {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace keyledger
