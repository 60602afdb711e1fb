/// \file  Includes the text PLEAT_BODY once per instruction set, in namespace pleat::simd::{portable, avx2, avx512}.
///
///     #define PLEAT_BODY <pleat/backend/cpu/body/x.inl>
///     #include <pleat/backend/cpu/simd/for_each_level.inl>
///
/// Inside the body every function carries PLEAT_TARGET (a task of some size) or PLEAT_LANE (always inlined into its caller), and
/// contains no lambda and no call of the standard algorithms: clang drops the target there. PLEAT_LEVEL is 0, 2 or 512.
/// The body includes nothing; what it needs is included before. Call through PLEAT_AT_LEVEL (level.hpp).

#ifndef PLEAT_BODY
#error "define PLEAT_BODY as the file to include before including for_each_level.inl"
#endif

#define PLEAT_LEVEL 0
#define PLEAT_TARGET
#define PLEAT_LANE __attribute__((always_inline)) inline
namespace pleat::inline v0_1::simd::portable {
#include PLEAT_BODY
}
#undef PLEAT_LEVEL
#undef PLEAT_TARGET
#undef PLEAT_LANE

#if PLEAT_HAS_X86
#define PLEAT_LEVEL 2
#define PLEAT_TARGET __attribute__((target("avx2,fma")))
#define PLEAT_LANE __attribute__((always_inline, target("avx2,fma"))) inline
namespace pleat::inline v0_1::simd::avx2 {
#include PLEAT_BODY
}
#undef PLEAT_LEVEL
#undef PLEAT_TARGET
#undef PLEAT_LANE

#define PLEAT_LEVEL 512
#define PLEAT_TARGET __attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")))
#define PLEAT_LANE __attribute__((always_inline, target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))) inline
namespace pleat::inline v0_1::simd::avx512 {
#include PLEAT_BODY
}
#undef PLEAT_LEVEL
#undef PLEAT_TARGET
#undef PLEAT_LANE
#endif

#undef PLEAT_BODY
