#include "projections/projection.h"

namespace keyledger {

std::string Projection::label() const {
  return std::string(name()) + ".v" + std::to_string(version());
}

}  // namespace keyledger
