#pragma once
/// \file  Messages between edges on the CPU: sums by angle bin for a tile of edges, fed to the product slot by slot.
///
/// Bits: each slot of an edge is one chain over its columns, slots are added in order, so a row depends on its own arcs only. The
/// gradient of the weight adds tiles in order. Neither depends on threads.

#include <algorithm>
#include <cstring>

#include <pleat/backend/cpu/product.hpp>
#include <pleat/ops/angle_linear.hpp>

namespace pleat::inline v0_1::cpu {

inline constexpr Index angle_panel_rows = 96; ///< rows of a partial sum of the weight gradient

/// Some edges in a row, and for each unit of parallel ones (equal ends) the rows that flow into it, listed by slot.
struct AngleTile {
  Index positions = 0, units = 0, slots = 0;
  std::int32_t* edge;   // (positions) edge numbers
  std::int32_t* unit;   // (positions) ascending
  std::int32_t* centre; // (units)
  std::int32_t* rows;   // (units, padded) scratch
  std::int32_t* starts; // (units, slots + 1)
  std::int32_t* items;  // rows of slot k of unit u: [starts[u][k], starts[u][k + 1])
};

namespace detail {

inline AngleTile angle_tile_at(std::int32_t* integers, const angle_linear_op::Plan& plan) {
  AngleTile tile;
  tile.slots = plan.slots;
  tile.edge = integers;
  tile.unit = tile.edge + plan.tile;
  tile.centre = tile.unit + plan.tile;
  tile.rows = tile.centre + plan.tile;
  tile.starts = tile.rows + plan.tile + angle_linear_op::Plan::pad;
  tile.items = tile.starts + plan.tile * (plan.slots + 1);
  return tile;
}

/// Lists of the edges at positions [begin, end). Forward: the edges into the source of each, by their angle with it. Backward:
/// the edges out of its target. The skipped slot has no list.
inline void list_arcs(const GraphTopology& graph, const std::uint8_t* bins, const angle_linear_op::Plan& plan, bool backward,
                      Index begin, Index end, AngleTile& tile) {
  const Index slots = plan.slots, skipped = plan.skipped(), width = slots + 1;
  // Parallel edges lie together among the leaving ones; a graph of one relation has none.
  const bool as_numbered = backward && graph.relations == 1;
  tile.positions = end - begin, tile.units = 0;
  std::int32_t filled = 0;
  for (Index p = begin; p < end;) {
    const auto edge_at = [&](Index at) { return as_numbered ? at : Index(graph.leaving[std::size_t(at)]); };
    const auto centre_of = [&](Index at) {
      const auto e = static_cast<std::size_t>(edge_at(at));
      return Index(backward ? graph.target[e] : graph.source[e]);
    };
    // Units of one centre, whose table is walked once for all of them: their counts do not wait for each other.
    const Index b = centre_of(p), first_unit = tile.units;
    const Index first_in = graph.in_begin(b), inside = graph.in_end(b) - first_in;
    const Index first_out = graph.outgoing[std::size_t(b)], outside = graph.outgoing[std::size_t(b) + 1] - first_out;
    const std::uint8_t* const table = bins + graph.arcs[std::size_t(b)];
    const Index count = backward ? outside : inside, step = backward ? 1 : outside;
    std::int32_t* const column = tile.rows; // where in the table a unit lies
    for (std::int32_t last = -1; p < end && centre_of(p) == b; ++p) {
      const Index e = edge_at(p);
      const std::int32_t other = backward ? graph.source[std::size_t(e)] : graph.target[std::size_t(e)];
      if (other != last) {
        column[tile.units - first_unit] = std::int32_t(backward ? (e - first_in) * outside : p - first_out);
        tile.centre[tile.units++] = std::int32_t(b);
      }
      last = other;
      tile.edge[p - begin] = std::int32_t(e), tile.unit[p - begin] = std::int32_t(tile.units - 1);
    }
    const Index units = tile.units - first_unit;
    std::int32_t* const starts = tile.starts + first_unit * width;
    for (Index i = 0; i < units * width; ++i) starts[i] = 0;
    for (Index i = 0; i < count; ++i)
      for (Index u = 0; u < units; ++u) ++starts[u * width + table[column[u] + i * step]];
    for (Index u = 0; u < units; ++u) {
      starts[u * width + skipped] = 0;
      for (Index k = 0; k <= slots; ++k) {
        const std::int32_t here = starts[u * width + k];
        starts[u * width + k] = filled;
        filled += here;
      }
    }
    for (Index i = 0; i < count; ++i) {
      const std::int32_t item = backward ? graph.leaving[std::size_t(first_out + i)] : std::int32_t(first_in + i);
      for (Index u = 0; u < units; ++u) {
        const Index k = table[column[u] + i * step];
        if (k != skipped) tile.items[starts[u * width + k]++] = item;
      }
    }
    // Each start now lies where the next slot begins.
    for (Index u = units; u-- > 0;) {
      std::int32_t* const own = starts + u * width;
      for (Index k = slots; k > 0; --k) own[k] = own[k - 1];
    }
    for (Index u = first_unit; u < tile.units; ++u) tile.starts[u * width] = u == 0 ? 0 : tile.starts[(u - 1) * width + slots];
  }
}

} // namespace detail
} // namespace pleat::inline v0_1::cpu

#define PLEAT_BODY <pleat/backend/cpu/body/angle_linear.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<angle_linear_op, Cpu> {
  using Plan = angle_linear_op::Plan;

  template <class T> static void forward(const Cpu& cpu, const angle_linear_op::Forward<T>& a) {
    const auto work = angle_linear_op::work(a.plan, false, false);
    simd::level();
    pack_forms(cpu, a.numbers + work.forms, a.weight, a.self, a.plan, false);
    sum_nodes(cpu, a.graph, a.x, stride_of(a.plan.in), false, a.numbers + work.node_sums);
    const Sides<T> sides{a.x,
                         a.numbers + work.forms,
                         a.numbers + work.node_terms,
                         a.bias,
                         a.self_bias,
                         a.slope,
                         a.shift,
                         a.y,
                         a.plan.in,
                         a.plan.out,
                         false};
    multiply_nodes(cpu, sides, a.numbers + work.node_sums, a.plan);
    cpu.pool->parallel_for_with_thread(a.plan.tiles(), [&](Index t, int thread) {
      auto tile = cpu::detail::angle_tile_at(a.integers + thread * work.integers, a.plan);
      const Index begin = t * a.plan.tile, end = (std::min)(a.plan.edges, begin + a.plan.tile);
      cpu::detail::list_arcs(a.graph, a.bins, a.plan, false, begin, end, tile);
      T* const gathered = a.numbers + thread * work.numbers;
      T* const sums = gathered + (a.plan.tile + Plan::pad) * stride_of(a.plan.in);
      open(sides, tile, sums);
      for (Index k = 0; k < a.plan.slots; ++k) {
        if (k == a.plan.skipped()) continue;
        const Index m = PLEAT_AT_LEVEL(gather_slot<T>(tile, k, a.x, stride_of(a.plan.in), gathered, tile.rows));
        multiply(sides, k, gathered, m, tile.rows, sums);
      }
      close(sides, tile, a.plan, gathered, sums);
    });
  }

  template <class T> static void backward(const Cpu& cpu, const angle_linear_op::Backward<T>& a) {
    const Plan& plan = a.plan;
    const bool trains = a.dweight != nullptr;
    const auto work = angle_linear_op::work(plan, true, trains);
    const Index in = stride_of(plan.in), out = stride_of(plan.out);
    simd::level();
    if (a.dself != nullptr && !trains)
      cpu::multiply_rows_transposed(cpu, a.dself, a.dy, out, a.x, in, plan.edges, plan.out, plan.in, true);
    T* const sums_out = a.numbers + work.node_sums;
    sum_nodes(cpu, a.graph, a.dy, out, true, sums_out);
    // Every edge leaves one node, so the sums of nodes give those of all edges.
    if (a.dbias != nullptr) cpu::sum_rows(cpu, a.dbias, sums_out, out, plan.nodes, plan.out, true);
    if (a.dself_bias != nullptr) cpu::sum_rows(cpu, a.dself_bias, sums_out, out, plan.nodes, plan.out, true);
    const Sides<T> sides{a.dy,
                         a.numbers + work.forms,
                         a.numbers + work.node_terms,
                         nullptr,
                         nullptr,
                         nullptr,
                         nullptr,
                         a.dx,
                         plan.out,
                         plan.in,
                         a.accumulate};
    if (a.dx != nullptr) {
      pack_forms(cpu, a.numbers + work.forms, a.weight, a.self, plan, true);
      multiply_nodes(cpu, sides, sums_out, plan);
    }
    T* const gradient = a.numbers + work.gradient; // (slots, out, in)
    const Index of_slot = plan.out * in, rows_of_tile = plan.tile + Plan::pad;
    if (trains) std::memset(gradient, 0, std::size_t(plan.slots * of_slot) * sizeof(T));
    for (Index block = 0; block < plan.tiles(); block += (std::max)(Index(1), plan.block)) {
      const Index tiles = (std::min)(plan.block, plan.tiles() - block);
      std::int32_t* const counts = a.integers + work.counts;
      cpu.pool->parallel_for_with_thread(tiles, [&](Index t, int thread) {
        auto tile = cpu::detail::angle_tile_at(a.integers + thread * work.integers, plan);
        const Index begin = (block + t) * plan.tile, end = (std::min)(plan.edges, begin + plan.tile);
        cpu::detail::list_arcs(a.graph, a.bins, plan, true, begin, end, tile);
        T* const own = a.numbers + thread * work.numbers;
        T* const sums = own + rows_of_tile * out;
        if (a.dx != nullptr) open(sides, tile, sums);
        if (trains) PLEAT_AT_LEVEL(gather_units<T>(tile, a.x, in, a.numbers + work.partner + t * plan.tile * in));
        for (Index k = 0; k < plan.slots; ++k) {
          if (k == plan.skipped()) continue;
          const Index place = (k * plan.block + t) * rows_of_tile;
          T* const gathered = trains ? a.numbers + work.gathered + place * out : own;
          std::int32_t* const rows = trains ? a.integers + work.rows + place : tile.rows;
          const Index m = PLEAT_AT_LEVEL(gather_slot<T>(tile, k, a.dy, out, gathered, rows));
          if (trains) counts[k * plan.block + t] = std::int32_t(m);
          if (a.dx != nullptr) multiply(sides, k, gathered, m, rows, sums);
        }
        if (a.dx != nullptr) close(sides, tile, plan, own, sums);
      });
      if (!trains) continue;
      // Columns are divided: a panel of them is copied once for all rows of the weight.
      const Index cut = in <= 128 ? 32 : 128, cuts = (in + cut - 1) / cut;
      cpu.parallel_for((plan.slots + (a.dself != nullptr ? 1 : 0)) * cuts, [&](Index task) {
        const Index k = task / cuts, first = task % cuts * cut, last = (std::min)(in, first + cut);
        if (k == plan.skipped()) return;
        for (Index t = 0; t < tiles; ++t) {
          if (k == plan.slots) { // the self loop, whose rows are the edges as they are numbered
            const Index begin = (block + t) * plan.tile, count = (std::min)(plan.edges - begin, plan.tile);
            PLEAT_AT_LEVEL(listed_rows_transposed<T>(a.dself, a.dy + begin * out, out, a.x + begin * in,
                                                     static_cast<const std::int32_t*>(nullptr), count, plan.out, plan.in, first,
                                                     last));
            continue;
          }
          const Index place = (k * plan.block + t) * rows_of_tile;
          PLEAT_AT_LEVEL(listed_rows_transposed<T>(gradient + k * of_slot, a.numbers + work.gathered + place * out, out,
                                                   a.numbers + work.partner + t * plan.tile * in, a.integers + work.rows + place,
                                                   Index(counts[k * plan.block + t]), plan.out, plan.in, first, last));
        }
      });
    }
    if (trains) {
      // All slots together: sums into and out of each node.
      T* const sums_in = a.numbers + work.partner_sums;
      sum_nodes(cpu, a.graph, a.x, in, false, sums_in);
      cpu::multiply_rows_transposed(cpu, gradient + plan.skipped() * of_slot, sums_out, out, sums_in, in, plan.nodes, plan.out,
                                    plan.in, false);
      add_gradient(cpu, a.dweight, gradient, plan);
    }
  }

private:
  /// One side of the work: rows `x` of width k are gathered, `y` of width n is made.
  template <class T> struct Sides {
    const T *x, *forms;
    T* terms; // (nodes, stride_of(n))
    const T *bias, *self_bias, *slope, *shift;
    T* y;
    Index k, n;
    bool accumulate;
    const T* form(Index slot) const { return forms + slot * stride_of(n) * k; }
  };

  // Forms of all slots, then of the self loop; each but the skipped one less the skipped one.
  template <class T>
  static void pack_forms(const Cpu& cpu, T* forms, const T* weight, const T* self, const Plan& plan, bool transposed) {
    const Index n = transposed ? plan.in : plan.out, k = transposed ? plan.out : plan.in, size = stride_of(n) * k;
    const auto pack = [&](T* form, const T* from, Index stride) {
      transposed ? cpu::detail::pack_panels(cpu, form, from, n, k, Index(1), stride)
                 : cpu::detail::pack_panels(cpu, form, from, n, k, stride, Index(1));
    };
    for (Index slot = 0; slot < plan.slots; ++slot)
      pack(forms + slot * size, weight + slot * plan.in, stride_of(plan.slots * plan.in));
    pack(forms + plan.slots * size, self, stride_of(plan.in));
    const T* const skipped = forms + plan.skipped() * size;
    cpu.parallel_for(plan.slots, [&](Index slot) {
      if (slot == plan.skipped()) return;
      T* const form = forms + slot * size;
      for (Index i = 0; i < size; ++i) form[i] -= skipped[i];
    });
  }

  template <class T>
  static void sum_nodes(const Cpu& cpu, const GraphTopology& graph, const T* x, Index stride, bool leaving, T* to) {
    const Index nodes = graph.node_count(), each = 32;
    cpu.parallel_for((nodes + each - 1) / each, [&](Index task) {
      PLEAT_AT_LEVEL(node_sums<T>(graph, x, stride, leaving, task * each, (std::min)(nodes, (task + 1) * each), to));
    });
  }
  template <class T> static void multiply_nodes(const Cpu& cpu, const Sides<T>& s, const T* sums, const Plan& plan) {
    cpu::multiply(cpu, s.terms, stride_of(s.n), sums, stride_of(s.k), s.form(plan.skipped()), plan.nodes, s.n, s.k);
  }

  template <class T> static void open(const Sides<T>& s, const cpu::AngleTile& tile, T* sums) {
    PLEAT_AT_LEVEL(begin_sums<T>(tile, s.terms, s.bias, s.self_bias, stride_of(s.n), sums));
  }
  template <class T>
  static void multiply(const Sides<T>& s, Index slot, const T* gathered, Index m, const std::int32_t* rows, T* sums) {
    PLEAT_AT_LEVEL(product_onto<T>(gathered, stride_of(s.k), m, s.form(slot), s.n, s.k, sums, rows));
  }
  // The self loop of every edge on top of what its unit has, then the store.
  template <class T> static void close(const Sides<T>& s, const cpu::AngleTile& tile, const Plan& plan, T* gathered, T* sums) {
    T* all = sums;
    if (tile.units != tile.positions) {
      all = sums + plan.tile * stride_of(s.n);
      PLEAT_AT_LEVEL(spread_units<T>(tile, sums, stride_of(s.n), all));
    }
    PLEAT_AT_LEVEL(gather_edges<T>(tile, Index(0), tile.positions, s.x, stride_of(s.k), gathered));
    PLEAT_AT_LEVEL(product_onto<T>(gathered, stride_of(s.k), tile.positions, s.form(plan.slots), s.n, s.k, all,
                                   static_cast<const std::int32_t*>(nullptr)));
    PLEAT_AT_LEVEL(finish_edges<T>(tile, all, s.slope, s.shift, stride_of(s.n), s.accumulate, s.y));
  }

  // dweight[o][k * in + i] += gradient[k][o][i]; the skipped slot holds the sum of all slots.
  template <class T> static void add_gradient(const Cpu& cpu, T* dweight, const T* gradient, const Plan& plan) {
    const Index in = stride_of(plan.in), of_slot = plan.out * in, to = stride_of(plan.slots * plan.in);
    cpu.parallel_for(plan.out, [&](Index o) {
      for (Index k = 0; k < plan.slots; ++k)
        for (Index i = 0; i < plan.in; ++i) {
          T value = gradient[k * of_slot + o * in + i];
          if (k == plan.skipped())
            for (Index other = 0; other < plan.slots; ++other)
              if (other != k) value -= gradient[other * of_slot + o * in + i];
          dweight[o * to + k * plan.in + i] += value;
        }
    });
  }
};

} // namespace pleat::inline v0_1
