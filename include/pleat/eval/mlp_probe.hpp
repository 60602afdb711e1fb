#pragma once
/// \file  A probe with one hidden layer, trained with AdamW and stopped on the valid split.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {

/// out = W2 act(W1 x + b1) + b2, on squared error of the standardised target, or softmax cross-entropy. The parameters of the
/// best step (task metric on valid, the earlier of equals) are kept. A function of (data, options, seed) alone.
struct MlpProbe {
  enum class Activation { Relu, Tanh };
  Index hidden = 64;
  Activation activation = Activation::Relu;
  double learning_rate = 1e-3;
  double weight_decay = 1e-2; ///< decoupled, matrices only
  Index batch = 64;
  Index steps = 4000;
  Index patience = 800; ///< steps without a better valid metric; it is looked at once an epoch, at most every 50 steps
  std::uint64_t seed = 1;

  template <class Device> ProbeResult run(const Device& device, const ProbeData& data) const {
    Network net(*this, data);
    std::vector<double> targets = data.train.y;
    double mean = 0, deviation = 1;
    if (data.kind == ProbeKind::Regression) standardise_targets(targets, mean, deviation);

    ProbeResult best;
    best.probe = "mlp";
    std::vector<float> chosen;
    std::vector<Index> order(static_cast<std::size_t>(data.train.rows));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
    Index per_epoch = (data.train.rows + batch - 1) / batch, interval = (std::max)(per_epoch, Index{50}), best_step = 0;
    for (Index step = 1; step <= steps && step - best_step <= patience; ++step) {
      Index place = (step - 1) % per_epoch, first = place * batch;
      if (place == 0) shuffle(order, static_cast<std::uint64_t>((step - 1) / per_epoch + 1));
      net.step(device, *this, data, targets, order.data() + first, (std::min)(batch, data.train.rows - first));
      if (step % interval != 0 && step != steps) continue;
      auto scores = net.scores(device, data, data.valid, mean, deviation);
      double metric = task_metric(data.kind, data.classes, scores, data.valid.y);
      if (chosen.empty() || metric > best.valid_metric || (std::isnan(best.valid_metric) && !std::isnan(metric))) {
        best.strength = static_cast<double>(step), best.valid_metric = metric, best.valid_scores = std::move(scores);
        chosen = net.parameters;
        best_step = step;
      }
    }
    if (!chosen.empty()) net.parameters = chosen;
    best.test_scores = net.scores(device, data, data.test, mean, deviation);
    return best;
  }

private:
  static void standardise_targets(std::vector<double>& targets, double& mean, double& deviation) {
    double square = 0, n = static_cast<double>(targets.size());
    for (double y : targets) mean += y / n;
    for (double y : targets) square += (y - mean) * (y - mean) / n;
    deviation = square > 0 ? std::sqrt(square) : 1;
    for (double& y : targets) y = (y - mean) / deviation;
  }

  void shuffle(std::vector<Index>& order, std::uint64_t epoch) const { // Fisher and Yates
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[detail::counter_below(seed, epoch, i, i)]);
  }

  /// Parameters in one buffer: W1 (hidden, width), b1 (hidden), W2 (outputs, hidden), b2 (outputs).
  struct Network {
    Activation activation;
    Index width, hidden, outputs, b1, w2, b2, count, steps = 0;
    std::vector<float> parameters, gradient, first, second, x, h, out, dh;

    Network(const MlpProbe& options, const ProbeData& data)
        : activation(options.activation), width(data.width), hidden(options.hidden),
          outputs(data.kind == ProbeKind::Regression ? 1 : data.classes), b1(hidden * width), w2(b1 + hidden),
          b2(w2 + outputs * hidden), count(b2 + outputs) {
      auto n = static_cast<std::size_t>(count);
      parameters.resize(n), gradient.resize(n), first.resize(n), second.resize(n);
      fill(0, b1, width, options.seed), fill(w2, b2, hidden, options.seed);
    }

    // Uniform with variance 1 / inputs.
    void fill(Index from, Index to, Index inputs, std::uint64_t key) {
      double scale = std::sqrt(3.0 / static_cast<double>(inputs));
      for (Index i = from; i < to; ++i)
        parameters[static_cast<std::size_t>(i)] =
            static_cast<float>(scale * (2 * detail::counter_uniform(key, 0, static_cast<std::uint64_t>(i)) - 1));
    }

    template <class Device> void forward(const Device& device, const float* input, Index rows) {
      h.resize(static_cast<std::size_t>(rows * hidden)), out.resize(static_cast<std::size_t>(rows * outputs));
      const float* p = parameters.data();
      multiply(device, rows, hidden, width, input, p, h.data(), Transposed::Right);
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < hidden; ++i) {
          float& value = h[static_cast<std::size_t>(r * hidden + i)];
          value += p[b1 + i];
          value = activation == Activation::Relu ? (std::max)(value, 0.0f) : std::tanh(value);
        }
      multiply(device, rows, outputs, hidden, h.data(), p + w2, out.data(), Transposed::Right);
      for (Index r = 0; r < rows; ++r)
        for (Index o = 0; o < outputs; ++o) out[static_cast<std::size_t>(r * outputs + o)] += p[b2 + o];
    }

    template <class Device>
    void step(const Device& device, const MlpProbe& options, const ProbeData& data, const std::vector<double>& targets,
              const Index* rows, Index n) {
      x.clear();
      for (Index r = 0; r < n; ++r)
        x.insert(x.end(), data.train.x.data() + rows[r] * width, data.train.x.data() + (rows[r] + 1) * width);
      forward(device, x.data(), n);
      for (Index r = 0; r < n; ++r) loss_gradient(data, targets[static_cast<std::size_t>(rows[r])], out.data() + r * outputs, n);
      dh.resize(h.size());
      multiply(device, n, hidden, outputs, out.data(), parameters.data() + w2, dh.data());
      for (std::size_t i = 0; i < h.size(); ++i)
        dh[i] *= activation == Activation::Relu ? (h[i] > 0 ? 1.0f : 0.0f) : 1 - h[i] * h[i];
      float* g = gradient.data();
      multiply(device, hidden, width, n, dh.data(), x.data(), g, Transposed::Left);
      multiply(device, outputs, hidden, n, out.data(), h.data(), g + w2, Transposed::Left);
      column_sums(dh, hidden, g + b1), column_sums(out, outputs, g + b2);
      adamw(options);
    }

    // d loss / d out in place, divided by the rows of the batch.
    void loss_gradient(const ProbeData& data, double target, float* row, Index n) const {
      auto scale = 1 / static_cast<float>(n);
      if (data.kind == ProbeKind::Regression) {
        row[0] = 2 * (row[0] - static_cast<float>(target)) * scale;
        return;
      }
      float top = *std::max_element(row, row + outputs), sum = 0;
      for (Index o = 0; o < outputs; ++o) row[o] = std::exp(row[o] - top), sum += row[o];
      for (Index o = 0; o < outputs; ++o) row[o] *= scale / sum;
      row[static_cast<Index>(target)] -= scale;
    }

    static void column_sums(const std::vector<float>& rows, Index columns, float* sums) {
      std::fill(sums, sums + columns, 0.0f);
      for (std::size_t i = 0; i < rows.size(); ++i) sums[static_cast<Index>(i) % columns] += rows[i];
    }

    void adamw(const MlpProbe& options) {
      ++steps;
      auto correct1 = static_cast<float>(1 - std::pow(0.9, static_cast<double>(steps)));
      auto correct2 = static_cast<float>(1 - std::pow(0.999, static_cast<double>(steps)));
      auto rate = static_cast<float>(options.learning_rate),
           decay = static_cast<float>(options.learning_rate * options.weight_decay);
      for (Index i = 0; i < count; ++i) {
        auto k = static_cast<std::size_t>(i);
        bool matrix = i < b1 || (i >= w2 && i < b2);
        first[k] = 0.9f * first[k] + 0.1f * gradient[k];
        second[k] = 0.999f * second[k] + 0.001f * gradient[k] * gradient[k];
        if (matrix) parameters[k] -= decay * parameters[k];
        parameters[k] -= rate * (first[k] / correct1) / (std::sqrt(second[k] / correct2) + 1e-8f);
      }
    }

    template <class Device>
    std::vector<double> scores(const Device& device, const ProbeData& data, const ProbeSplit& split, double mean,
                               double deviation) {
      std::vector<double> result;
      if (split.rows == 0) return result;
      forward(device, split.x.data(), split.rows);
      if (data.kind == ProbeKind::Binary)
        for (std::size_t r = 0; r < static_cast<std::size_t>(split.rows); ++r)
          result.push_back(static_cast<double>(out[2 * r + 1]) - static_cast<double>(out[2 * r]));
      else
        for (float v : out) result.push_back(static_cast<double>(v) * deviation + mean);
      return result;
    }
  };
};

} // namespace pleat::inline v0_1
