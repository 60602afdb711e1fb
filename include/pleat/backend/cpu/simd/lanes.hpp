#pragma once
/// \file  `Lanes<T>`: one hardware vector of float or double, the same interface at every instruction set.
///
/// To be used only in bodies included through for_each_level.inl: `Lanes<float>` there is the one of the body's level.
///   size                                     lanes of one vector; 16 is a multiple of it
///   load(p), load_first(p, n)                unaligned; the first n lanes (0 <= n, others 0; nothing beyond p[n-1] is read)
///   set(value), zero(), x.store(p), x.store_first(p, n)
///   a + b, a - b, a * b, a / b, -a, a += b   lane by lane
///   fma(a, b, c)                             a b + c, one rounding except at level portable
///   larger(a, b), smaller(a, b)              b where either is NaN
///   absolute(a), square_root(a), nearest(a)  nearest: to the closest integer, ties to even, |a| < 2^22 at level portable
///   less(a, b), equal(a, b), select(mask, a, b)   lanes of a where mask holds, else of b; copy_sign(a, b): |a| with the sign of
///   b scale(a, n)                              a 2^n, n integral-valued, |n| <= 250 (float), 2000 (double) sum_of(a),
///   largest_of(a)                 over the lanes, in the fixed order of halves: (0+2)+(1+3) for four lanes

#include <cmath>
#include <cstdint>
#include <cstring>

#include <pleat/backend/cpu/simd/level.hpp>
#include <pleat/core/index.hpp>

#if PLEAT_HAS_X86
#include <immintrin.h>
#endif

#define PLEAT_BODY <pleat/backend/cpu/simd/lanes.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>
