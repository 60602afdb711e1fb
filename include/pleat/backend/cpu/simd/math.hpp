#pragma once
/// \file  Elementary functions of `Lanes<T>`, to be used in bodies like Lanes itself (lanes.hpp).
///
/// Errors of the float forms, over every finite input unless said otherwise (held by tests/backend/math_test.cpp):
///   exp(x)                   2 ulp where the result is normal; 0 and inf beyond the range
///   log(x)                   3 ulp; -inf at 0, NaN below
///   erf(x)                   2e-7 absolute, 4 ulp for |x| < 1
///   tanh(x), sigmoid(x)      2e-7 absolute
///   gelu(x) = x Phi(x)       3e-7 (1 + |x|) absolute, the erf form; gelu_derivative(x) = Phi(x) + x phi(x), 5e-7 absolute
///   silu(x) = x sigmoid(x)   3e-7 (1 + |x|); silu_derivative(x), 5e-7
///   sin_cos_turns(u, s, c)   sine and cosine of 2 pi u, |u| < 2^20 (whole turns are removed exactly); 2e-7 absolute
/// Each maps 0 to 0 where its definition does (not exp, sigmoid, the derivatives), and NaN to NaN.
/// The double forms of exp, log, erf, tanh and sine are those of the C library, lane by lane: they serve gradient checks, not
/// speed.

#include <pleat/backend/cpu/simd/lanes.hpp>

#define PLEAT_BODY <pleat/backend/cpu/simd/math.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>
