// A shared mutex whose writer does not wait for readers that come after it. std::shared_mutex lets
// readers in as long as one of them holds it: a few clients that verify in a loop then keep a
// revocation out for ever (tests/projections/verify_index_test.cc shows it).
#pragma once

#include <pthread.h>

#include <cstdlib>

namespace keyledger {

// For std::unique_lock and std::shared_lock. Not recursive, in neither way. Any thread.
class WriterFirstMutex {
 public:
  WriterFirstMutex() = default;
  ~WriterFirstMutex() { pthread_rwlock_destroy(&lock_); }
  WriterFirstMutex(const WriterFirstMutex&) = delete;
  WriterFirstMutex& operator=(const WriterFirstMutex&) = delete;

  void lock() { check(pthread_rwlock_wrlock(&lock_)); }
  void unlock() { check(pthread_rwlock_unlock(&lock_)); }
  void lock_shared() { check(pthread_rwlock_rdlock(&lock_)); }
  void unlock_shared() { check(pthread_rwlock_unlock(&lock_)); }

 private:
  // These fail only for a thread that locks twice.
  static void check(int failed) {
    if (failed != 0) std::abort();
  }

  pthread_rwlock_t lock_ = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
};

}  // namespace keyledger
