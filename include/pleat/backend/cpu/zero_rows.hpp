#pragma once
/// \file  Rows of zeros on the CPU.

#include <algorithm>
#include <cstring>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/zero_rows.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<zero_rows_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const zero_rows_op::Forward<T>& a) {
    const Index chunk = 65536;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      const Index begin = task * chunk, end = (std::min)(a.elements, begin + chunk);
      std::memset(a.y + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(T));
    });
  }
};

} // namespace pleat::inline v0_1
