// Representations: the same bytes for a sequence in any company and on any number of threads, one row per residue.

#include "support/model_contract.hpp"
#include "support/refusal.hpp"

#include <cstring>
#include <numeric>

#include <pleat/session/encode.hpp>

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{2, 12, 2, 20};
using Small =
    Autoencoder<Transformer<small>, TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>, Decoder<Shape{1, 12, 2, 20}>>;
using Diffusion = LatentDiffusion<Small, Denoiser<small>>;

// Every reading, some of them noised.
const std::vector<ReadOptions> readings = {
    {},
    {{Reading::EpsHat, 0}, 0.3},
    {{Reading::V, 0}, 0.0, ReadingInput::Scaled},
    {{Reading::Eq8Literal, 0}, 1.0},
    {{Reading::TanScaled, 0}, 0.9},
    {{Reading::Score, 0}, 0.1, ReadingInput::Noised, 3},
    {{Reading::Denoised, 0}, 0.5, ReadingInput::Noised},
    {{Reading::Hidden, 2}, 0.2},
};

// rows of reading k of piece i are result[i][k]
using Result = std::vector<std::vector<std::vector<float>>>;

struct Sequences {
  std::vector<std::vector<std::uint8_t>> tokens;
  std::vector<std::uint32_t> records;
  explicit Sequences(const std::vector<Index>& lengths) {
    Philox draws(3, 4);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      tokens.emplace_back();
      records.push_back(static_cast<std::uint32_t>(i));
      for (Index r = 0; r < lengths[i]; ++r) tokens.back().push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
    }
  }
};

Result read(const Sequences& sequences, const std::vector<std::size_t>& order, int threads,
            std::span<const ReadOptions> what = readings) {
  ThreadPool pool(threads);
  EncodeSession<Diffusion, Cpu> session(Cpu{&pool}, 5);
  shake(session.parameters());
  std::vector<Piece> pieces;
  for (std::size_t i : order) pieces.push_back({sequences.tokens[i], sequences.records[i], 0});
  Result result(sequences.tokens.size(), std::vector<std::vector<float>>(what.size()));
  session.read(pieces, what, [&](Index piece, Index reading, std::span<const float> rows) {
    auto& to = result[order[static_cast<std::size_t>(piece)]][static_cast<std::size_t>(reading)];
    require(to.empty(), "a reading came twice");
    to.assign(rows.begin(), rows.end());
  });
  return result;
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(encode_session)

BOOST_AUTO_TEST_CASE(a_sequence_has_the_same_bytes_in_any_company_and_on_any_number_of_threads) {
  // 1100 residues have all threads to themselves.
  const Sequences sequences({40, 1, 300, 0, 1100, 17, 512, 260, 3});
  std::vector<std::size_t> forward(sequences.tokens.size());
  std::iota(forward.begin(), forward.end(), std::size_t{0});
  const std::vector<std::size_t> backward(forward.rbegin(), forward.rend());
  const Result together = read(sequences, forward, 1);
  for (std::size_t i : forward)
    for (std::size_t k = 0; k < readings.size(); ++k) {
      BOOST_TEST(together[i][k].size() == sequences.tokens[i].size() * 12);
      for (float x : together[i][k]) BOOST_REQUIRE(std::isfinite(x));
    }
  for (int threads : {1, 2, 3, 4})
    for (const auto& order : {forward, backward}) {
      const Result again = read(sequences, order, threads);
      for (std::size_t i : forward)
        for (std::size_t k = 0; k < readings.size(); ++k)
          BOOST_CHECK_MESSAGE(same_bytes(again[i][k], together[i][k]),
                              "sequence " << i << ", reading " << k << ", " << threads << " threads");
    }
  for (std::size_t i : forward) {
    const Result alone = read(sequences, {i}, 2);
    for (std::size_t k = 0; k < readings.size(); ++k)
      BOOST_CHECK_MESSAGE(same_bytes(alone[i][k], together[i][k]), "sequence " << i << " alone, reading " << k);
  }
}

BOOST_AUTO_TEST_CASE(a_reading_does_not_depend_on_the_others) {
  const Sequences sequences({30, 5});
  const Result all = read(sequences, {0, 1}, 1);
  for (std::size_t k = 0; k < readings.size(); ++k) {
    const Result one = read(sequences, {0, 1}, 1, std::span(readings).subspan(k, 1));
    for (std::size_t i : {0u, 1u}) BOOST_CHECK_MESSAGE(same_bytes(one[i][0], all[i][k]), "reading " << k);
  }
}

BOOST_AUTO_TEST_CASE(rows_are_residues) {
  ThreadPool pool(2);
  EncodeSession<Small, Cpu> session(Cpu{&pool});
  shake(session.parameters());
  SequenceSet set;
  const Sequences sequences({7, 0, 1, 90});
  for (std::size_t i = 0; i < 4; ++i) set.add_tokens("s" + std::to_string(i), sequences.tokens[i]);
  const Ragged rows = session.encode(set);
  BOOST_TEST(rows.width == 12);
  BOOST_TEST(rows.sequences() == 4);
  BOOST_TEST(rows.offsets.back() == 98);
  for (Index i = 0; i < 4; ++i) BOOST_TEST(rows.length(i) == set.length(i));
  const Ragged none = session.encode(SequenceSet{});
  BOOST_TEST(none.sequences() == 0);

  // Pooled rows are the pools of the rows, also of one residue and of none.
  for (Pool pool_kind : {Pool::mean, Pool::max, Pool::mean_std}) {
    const Pooled pooled = session.represent(set, {}, pool_kind);
    BOOST_TEST(pooled.sequences() == 4);
    BOOST_TEST(pooled.width == (pool_kind == Pool::mean_std ? 24 : 12));
    for (Index i = 0; i < 4; ++i) {
      std::vector<float> expected(static_cast<std::size_t>(pooled.width));
      pool_rows(pool_kind, rows[i], 12, expected);
      BOOST_TEST(same_bytes({pooled[i].begin(), pooled[i].end()}, expected));
    }
    for (float x : pooled[1]) BOOST_TEST(x == 0.0f);
    if (pool_kind != Pool::mean_std)
      BOOST_TEST(same_bytes({pooled[2].begin(), pooled[2].end()}, {rows[2].begin(), rows[2].end()}));
  }
  // A crop is the beginning of the sequence, encoded alone.
  const ReadOptions z;
  const Pooled cropped = session.represent_pooled(set, {&z, 1}, Pool::mean, 20).front();
  SequenceSet short_set;
  short_set.add_tokens("cut", std::span(sequences.tokens[3]).first(20));
  BOOST_TEST(same_bytes({cropped[3].begin(), cropped[3].end()}, session.represent(short_set, z, Pool::mean).rows));
}

BOOST_AUTO_TEST_CASE(readings_that_do_not_exist_are_refused_with_the_reason) {
  const Sequences sequences({9});
  auto refused = [&](ReadOptions what) { return refusal([&] { read(sequences, {0}, 2, std::span(&what, 1)); }); };
  BOOST_TEST(refused({{Reading::Score, 0}, 0.0}).find("sigma = 0 at t = 0") != std::string::npos);
  BOOST_TEST(refused({{Reading::TanScaled, 0}, 1.0}).find("alpha = 0") != std::string::npos);
  BOOST_TEST(refused({{Reading::EpsHat, 0}, 1.5}).find("outside [0, 1]") != std::string::npos);
  BOOST_TEST(refused({{Reading::EpsHat, 0}, std::nan("")}).find("outside [0, 1]") != std::string::npos);
  BOOST_TEST(refused({{Reading::Hidden, 3}, 0.5}).find("blocks 1 to 2") != std::string::npos);
  ThreadPool pool(1);
  EncodeSession<Small, Cpu> session(Cpu{&pool});
  const Piece piece{sequences.tokens[0], 0, 0};
  const ReadOptions eps{{Reading::EpsHat, 0}, 0.3};
  BOOST_TEST(refusal([&] {
               session.read({&piece, 1}, {&eps, 1}, [](Index, Index, std::span<const float>) {});
             }).find("no diffusion") != std::string::npos);
  const std::vector<std::uint8_t> strange{4, 200};
  const Piece bad{strange, 0, 0};
  const ReadOptions z;
  BOOST_TEST(refusal([&] {
               session.read({&bad, 1}, {&z, 1}, [](Index, Index, std::span<const float>) {});
             }).find("token 200") != std::string::npos);
}

// Readings are linear in the denoiser's output, so two of them at one t are tied: eps = -sigma x score, at the two ends v and z.
BOOST_AUTO_TEST_CASE(readings_agree_with_each_other_and_at_both_ends) {
  const Sequences sequences({40, 3});
  const double t = 0.35, sigma = std::sin(pure_noise_angle * t);
  const std::vector<ReadOptions> pair = {
      {{Reading::EpsHat, 0}, t},   {{Reading::Score, 0}, t},        {{Reading::EpsHat, 0}, 0.0},   {{Reading::V, 0}, 0.0},
      {{Reading::EpsHat, 0}, 1.0}, {{Reading::Eq8Literal, 0}, 0.0}, {{Reading::Denoised, 0}, 0.0}, {{Reading::Denoised, 0}, 1.0},
      {{Reading::V, 0}, 1.0},      {{Reading::EpsHat, 0}, 1e-9}};
  const Result r = read(sequences, {0, 1}, 1, pair);
  ThreadPool pool(1);
  Parameters<Diffusion, Cpu> parameters(Cpu{&pool});
  shake(parameters);
  for (std::size_t i : {0u, 1u})
    for (std::size_t c = 0; c < r[i][0].size(); ++c) {
      BOOST_CHECK_SMALL(static_cast<double>(r[i][0][c]) + sigma * static_cast<double>(r[i][1][c]), 2e-6);
      BOOST_TEST(r[i][2][c] == r[i][3][c]); // eps_hat(0) = v_hat
      BOOST_TEST(r[i][5][c] == r[i][3][c]);
      BOOST_TEST(r[i][6][c] == r[i][4][c]);              // both are the standardised latent: eps_hat(1) = z, z_0_hat(0) = z
      BOOST_TEST(r[i][7][c] == -r[i][8][c]);             // z_0_hat(1) = -v_hat
      BOOST_CHECK_SMALL(r[i][9][c] - r[i][2][c], 1e-5f); // continuous in t
    }
}

BOOST_AUTO_TEST_SUITE_END()
