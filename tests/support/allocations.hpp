#pragma once
// Counts what the C library hands out, for tests that a warm pass allocates nothing. One translation unit of a program may include
// it. PLEAT_TEST_COUNTS_MALLOC is 0 or undefined where a sanitizer has the functions already.

#include <atomic>
#include <cstddef>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PLEAT_TEST_COUNTS_MALLOC 0
#endif
#endif
#if !defined(PLEAT_TEST_COUNTS_MALLOC) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PLEAT_TEST_COUNTS_MALLOC 1
#endif

#if PLEAT_TEST_COUNTS_MALLOC

namespace {
std::atomic<long> allocations{0};
}

// The C library's own functions under the names that everything calls; operator new of the standard library calls malloc.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept { return ++allocations, __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) noexcept { return ++allocations, __libc_calloc(count, size); }
void* realloc(void* p, std::size_t size) noexcept { return ++allocations, __libc_realloc(p, size); }
void* memalign(std::size_t align, std::size_t size) noexcept { return ++allocations, __libc_memalign(align, size); }
void* aligned_alloc(std::size_t align, std::size_t size) noexcept { return ++allocations, __libc_memalign(align, size); }
int posix_memalign(void** p, std::size_t align, std::size_t size) noexcept {
  ++allocations;
  *p = __libc_memalign(align, size);
  return *p == nullptr ? 12 : 0; // ENOMEM
}
}

#endif
