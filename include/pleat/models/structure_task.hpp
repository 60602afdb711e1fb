#pragma once
/// \file  An encoder of structures with a head for labelled sites: what is fine-tuned.

#include <array>

#include <pleat/models/labelled_graphs.hpp>
#include <pleat/nn/mlp.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/cross_entropy.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/random.hpp>
#include <pleat/ops/squared_error.hpp>

namespace pleat::inline v0_1 {

/// One labelled item of the batch: a site, or a pair of sites.
struct Item {};

/// What one pass gives beside the loss.
template <class Context, Index Outputs> struct TaskLoss {
  Scalar<Context> loss;                               ///< nats an item, or mean square error
  Rows<Context, 1, typename Context::Stream> row_hit; ///< (items) 1 where the largest output is the class; empty for a number
};

/// outputs = head[mean rows of the sites of an item side by side], the published heads of three layers (arXiv 2301.12068).
/// `Outputs` classes with cross-entropy (two classes: the log odds of a sigmoid are the difference of the outputs), or with
/// Outputs = 1 a number with the mean of its squared error. Tensors `encoder.*`, `head.*`.
template <class EncoderType, Index SiteCount, Index OutputCount> struct StructureTask {
  static_assert(std::is_same_v<typename EncoderType::Input, GraphBatch>,
                "pleat: StructureTask fine-tunes encoders of graphs (GearNetEdge, Gvp); this one reads something else.");
  static_assert(SiteCount > 0 && OutputCount > 0, "pleat: a StructureTask has at least one site and one output.");
  using Encoder = EncoderType;
  using Graphs = typename Encoder::Graphs;
  static constexpr Index sites = SiteCount, outputs = OutputCount, width = Encoder::width;

  Encoder encoder;
  Mlp<SiteCount * width, width, OutputCount> head;

  constexpr explicit StructureTask(Layout at) : encoder(at / "encoder"), head(at / "head") {}

  /// (items, Outputs): logits, or a number.
  template <class Context>
  constexpr Rows<Context, OutputCount, Item> operator()(Context& run, const LabelledGraphBatch<Graphs>& batch) const {
    if (batch.sites.size() != static_cast<std::size_t>(SiteCount))
      fail("items of ", batch.sites.size(), " sites for a head of ", SiteCount, "; make the labelled set of this task");
    const auto z = encoder(run, batch.graphs);
    std::array<Rows<Context, width, Item>, static_cast<std::size_t>(SiteCount)> rows;
    for (std::size_t s = 0; s < rows.size(); ++s) rows[s] = group_mean<Item>(run, z, batch.sites[s]);
    return head(run, concat(run, rows));
  }

  /// The loss: a pure function of the values of the model and the batch, which must outlive the pass.
  template <class Context>
  constexpr TaskLoss<Context, OutputCount> loss(Context& run, const LabelledGraphBatch<Graphs>& batch) const {
    const auto y = (*this)(run, batch);
    if constexpr (OutputCount == 1) {
      auto found = squared_error(run, y, column<Item>(run, batch.values), batch.rows, {}, ErrorReduction::Sequences);
      return {std::move(found.loss), {}};
    } else {
      if constexpr (Context::computes)
        for (std::size_t i = 0; i < batch.classes.size(); ++i)
          if (batch.classes[i] >= OutputCount || batch.values[i] != static_cast<double>(batch.classes[i]))
            fail("an item has the label ", batch.values[i], " for a head of ", OutputCount,
                 " classes; labels of classes are whole numbers from 0 to ", OutputCount - 1);
      auto found = cross_entropy(run, y, batch.classes, upload(run, batch.ones), Reduction::WeightedMean);
      return {std::move(found.loss), std::move(found.row_hit)};
    }
  }
};

} // namespace pleat::inline v0_1
