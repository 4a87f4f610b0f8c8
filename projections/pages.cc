#include "projections/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace keyledger {
namespace {

void* map(std::size_t bytes) {
  void* const at =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return at;
}

}  // namespace

Pages::Pages(std::size_t bytes) : mapped_(bytes) {
  if (bytes % kHuge != 0) {
    data_ = map(bytes);
    return;
  }
  // One huge page more than is needed holds an aligned run; what is around it goes back.
  auto* const wide = static_cast<std::byte*>(map(bytes + kHuge));
  const std::size_t before = (kHuge - reinterpret_cast<std::uintptr_t>(wide) % kHuge) % kHuge;
  if (before != 0) ::munmap(wide, before);
  if (before != kHuge) ::munmap(wide + before + bytes, kHuge - before);
  data_ = wide + before;
  ::madvise(data_, bytes, MADV_HUGEPAGE);  // a wish: small pages do, too
}

Pages::~Pages() {
  if (data_ != nullptr) ::munmap(data_, mapped_);
}

}  // namespace keyledger
